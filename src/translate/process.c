#include "translate/process.h"

#include "base/clock.h"
#include "base/hash.h"
#include "translate/worker_source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_US = 20 * 1000 * 1000, SLICE_MS = 100, NICE = 5, CHUNK = 64 * 1024 };

/* The program itself comes over the socket, so that no file can be exchanged for it. */
static const char BOOT[] = "import sys;b=sys.stdin.buffer;exec(compile(b.read(int(b.readline())),'worker.py','exec'))";

void tn_process_init(struct tn_process *process)
{
    *process = (struct tn_process){.fd = -1};
    tn_buf_init(&process->answer, 0);
}

static bool fail(struct tn_process *process, const char *what, int error)
{
    if (error == 0)
        snprintf(process->why, sizeof process->why, "%s", what);
    else
        snprintf(process->why, sizeof process->why, "%s: %s", what, strerror(error));
    return false;
}

void tn_process_end(struct tn_process *process)
{
    if (process->fd < 0)
        return;
    close(process->fd);
    process->fd = -1;
    kill(-process->pid, SIGKILL);
    kill(process->pid, SIGKILL); /* before it led its session */
    while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

void tn_process_free(struct tn_process *process)
{
    tn_process_end(process);
    tn_buf_reset(&process->answer);
}

/* By which path PATH knows PYTHON. It finds its own libraries, and those of a virtual environment, by the name it is called by, and the
 * PATH that it is given is another. Without one: PYTHON, and the system says what is wrong with it. */
static void find_program(const char *python, char *out, size_t size)
{
    const char *path = getenv("PATH");

    for (const char *at = path; at != NULL && *at != '\0' && strchr(python, '/') == NULL; at += strspn(at, ":")) {
        size_t len = strcspn(at, ":");

        if (snprintf(out, size, "%.*s/%s", (int)len, at, python) < (int)size && len > 0 && access(out, X_OK) == 0)
            return;
        at += len;
    }
    snprintf(out, size, "%s", python);
}

static int spawn(struct tn_process *process, const struct tn_process_conf *conf, int child_end)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t          attributes;
    sigset_t                   none, all;
    char                       memory[24], timeout[24], frame[24], program[4096];
    char *const                argv[] = {program, (char *)(uintptr_t) "-I", (char *)(uintptr_t) "-c", (char *)(uintptr_t)BOOT,
                                         memory, timeout, frame, (char *)(uintptr_t)(conf->plain ? "scripts" : "sqlglot"), NULL};
    char *const                envp[] = {(char *)(uintptr_t) "PATH=/usr/local/bin:/usr/bin:/bin", (char *)(uintptr_t) "LANG=C.UTF-8", NULL};
    int                        error;

    find_program(conf->python, program, sizeof program);
    snprintf(memory, sizeof memory, "%zu", conf->memory);
    snprintf(timeout, sizeof timeout, "%llu", (unsigned long long)(conf->timeout_us / 1000));
    snprintf(frame, sizeof frame, "%zu", conf->max_frame);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&files, child_end, 0);
    posix_spawn_file_actions_adddup2(&files, child_end, 1);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    error = posix_spawnp(&process->pid, program, &files, &attributes, argv, envp);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* Waits for EVENTS; false: the deadline has passed, or the program ends. */
static bool wait_for(int fd, short events, uint64_t until_us, const _Atomic bool *stop)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};

    for (;;) {
        uint64_t now = tn_clock_us();
        int      ready;

        if (now >= until_us || atomic_load(stop))
            return false;
        ready = poll(&poll_fd, 1, (int)TN_MIN((until_us - now) / 1000 + 1, (uint64_t)SLICE_MS));
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
    }
}

static enum tn_verdict send_all(struct tn_process *process, const char *bytes, size_t len, uint64_t until_us, const _Atomic bool *stop)
{
    while (len > 0) {
        ssize_t sent = send(process->fd, bytes, len, MSG_NOSIGNAL);

        if (sent > 0) {
            bytes += sent;
            len -= (size_t)sent;
        } else if (errno == EAGAIN) {
            if (!wait_for(process->fd, POLLOUT, until_us, stop))
                return TN_VERDICT_TIMEOUT;
        } else if (errno != EINTR) {
            fail(process, "the worker went away", errno);
            return TN_VERDICT_BROKEN;
        }
    }
    return TN_VERDICT_OK;
}

/* Bytes until answer holds NEEDED of them. */
static enum tn_verdict receive(struct tn_process *process, size_t needed, uint64_t until_us, const _Atomic bool *stop)
{
    struct tn_buf *answer = &process->answer;

    while (answer->len < needed) {
        size_t  want = TN_MIN(needed - answer->len, (size_t)CHUNK);
        ssize_t got;

        if (!tn_buf_reserve(answer, want)) {
            fail(process, "no memory for an answer", 0);
            return TN_VERDICT_BROKEN;
        }
        got = recv(process->fd, answer->data + answer->len, want, 0);
        if (got > 0) {
            answer->len += (size_t)got;
        } else if (got == 0) {
            fail(process, "the worker ended", 0);
            return TN_VERDICT_BROKEN;
        } else if (errno == EAGAIN) {
            if (!wait_for(process->fd, POLLIN, until_us, stop)) {
                fail(process, "the worker did not answer in time", 0);
                return TN_VERDICT_TIMEOUT;
            }
        } else if (errno != EINTR) {
            fail(process, "the worker went away", errno);
            return TN_VERDICT_BROKEN;
        }
    }
    return TN_VERDICT_OK;
}

static enum tn_verdict exchange(struct tn_process *process, const struct tn_process_conf *conf, struct tn_str request, uint64_t timeout_us,
                                const _Atomic bool *stop, struct tn_frame_answer *out)
{
    uint64_t        until_us = tn_clock_us() + timeout_us;
    enum tn_verdict verdict = send_all(process, request.ptr, request.len, until_us, stop);
    size_t          len;

    process->answer.max = conf->max_frame + TN_FRAME_HEADER;
    tn_buf_clear(&process->answer);
    if (verdict == TN_VERDICT_OK)
        verdict = receive(process, TN_FRAME_HEADER, until_us, stop);
    if (verdict != TN_VERDICT_OK)
        return verdict;
    len = tn_frame_u32(process->answer.data);
    if (len < TN_FRAME_BODY_MIN || len > conf->max_frame) {
        fail(process, "the worker answered with something else than a frame", 0);
        return TN_VERDICT_BROKEN;
    }
    verdict = receive(process, TN_FRAME_HEADER + len, until_us, stop);
    if (verdict != TN_VERDICT_OK)
        return verdict;
    if (!tn_frame_read(out, tn_str_n(process->answer.data + TN_FRAME_HEADER, len))) {
        fail(process, "the worker answered with a frame that cannot be read", 0);
        return TN_VERDICT_BROKEN;
    }
    return TN_VERDICT_OK;
}

enum tn_verdict tn_process_ask(struct tn_process *process, const struct tn_process_conf *conf, const struct tn_buf *request, uint64_t timeout_us,
                               const _Atomic bool *stop, struct tn_frame_answer *out)
{
    enum tn_verdict verdict = exchange(process, conf, tn_buf_str(request), timeout_us, stop, out);

    if (verdict == TN_VERDICT_OK && out->id != process->asked) {
        fail(process, "the worker answered another question", 0);
        verdict = TN_VERDICT_BROKEN;
    }
    if (verdict == TN_VERDICT_TIMEOUT)
        fail(process, "the worker did not answer in time", 0);
    if (verdict != TN_VERDICT_OK)
        tn_process_end(process);
    return verdict;
}

uint64_t tn_process_next_id(struct tn_process *process)
{
    return ++process->asked;
}

static bool greet(struct tn_process *process, const struct tn_process_conf *conf, const _Atomic bool *stop)
{
    struct tn_frame_answer answer;
    struct tn_buf          hello;
    uint64_t               until_us = tn_clock_us() + START_US;
    bool                   ok;
    char                   length[24];

    tn_buf_init(&hello, 4096);
    tn_frame_begin(&hello, tn_process_next_id(process), TN_WORKER_HELLO);
    tn_frame_end(&hello);
    snprintf(length, sizeof length, "%zu\n", tn_worker_source_len);
    ok = send_all(process, length, strlen(length), until_us, stop) == TN_VERDICT_OK &&
         send_all(process, tn_worker_source, tn_worker_source_len, until_us, stop) == TN_VERDICT_OK &&
         exchange(process, conf, tn_buf_str(&hello), START_US, stop, &answer) == TN_VERDICT_OK;
    tn_buf_reset(&hello);
    if (!ok)
        return false;
    process->answered = true;
    if (answer.verdict != TN_VERDICT_OK || answer.count != 1 || answer.fields[0].len == 0 || answer.fields[0].len >= sizeof process->version) {
        snprintf(process->why, sizeof process->why, "%.*s", answer.count > 0 ? (int)TN_MIN(answer.fields[0].len, (size_t)400) : 0,
                 answer.count > 0 ? answer.fields[0].ptr : "");
        return false;
    }
    tn_str_copy(process->version, sizeof process->version, answer.fields[0]);
    snprintf(process->made_by, sizeof process->made_by, "%s+%016llx", process->version,
             (unsigned long long)tn_hash_str(tn_str_n(tn_worker_source, tn_worker_source_len)));
    return true;
}

bool tn_process_start(struct tn_process *process, const struct tn_process_conf *conf, const _Atomic bool *stop)
{
    int ends[2], error;

    tn_process_end(process);
    process->why[0] = '\0';
    process->answered = false;
    process->answer.max = conf->max_frame + TN_FRAME_HEADER;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return fail(process, "no socket for a worker", errno);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    error = spawn(process, conf, ends[1]);
    close(ends[1]);
    if (error != 0) {
        close(ends[0]);
        return fail(process, conf->python, error);
    }
    process->fd = ends[0];
    setpriority(PRIO_PROCESS, (id_t)process->pid, NICE);
    if (greet(process, conf, stop))
        return true;
    tn_process_end(process);
    if (process->why[0] == '\0')
        fail(process, "the worker said nothing", 0);
    return false;
}
