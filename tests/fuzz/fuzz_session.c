/* Whole conversations with a PostgreSQL session over an engine of its own (loop_engine.h). The first byte picks how the rest is cut
 * into writes, so that every partial read is met; when its top bit is clear a good start-up packet goes before. */
#include "../unit/session_fixture.h"

#include <signal.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct session_fixture fixture;

static const char startup[16] = {0, 0, 0, 16, 0, 3, 0, 0, 'u', 's', 'e', 'r', 0, 'a', 0, 0};

static void send_all(struct test_client *client, const char *data, size_t len, size_t step)
{
    while (len > 0 && !client->ended) {
        size_t  part = TN_MIN(step, len);
        ssize_t n = send(client->fd, data, part, MSG_NOSIGNAL);

        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
        fixture_turn(&fixture, false);
        client_read(client);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct test_client client;
    size_t             step;

    if (size == 0)
        return 0;
    if (fixture.server == NULL) {
        signal(SIGPIPE, SIG_IGN);
        fixture_start(&fixture, true);
    }
    step = (data[0] & 0x7f) == 0 ? size + 64 : (size_t)(data[0] & 0x7f);
    client_open(&fixture, &client);
    if ((data[0] & 0x80) == 0)
        send_all(&client, startup, sizeof startup, sizeof startup);
    send_all(&client, (const char *)data + 1, size - 1, step);
    client_close(&client);
    for (int i = 0; i < 3 || atomic_load(&fixture.server->queries) > 0; i++)
        fixture_turn(&fixture, atomic_load(&fixture.server->queries) > 0);
    return 0;
}
