#include "scripting.h"

#include "base/clock.h"
#include "base/hash.h"
#include "explain.h"
#include "query_shape.h"
#include "server.h"
#include "stats/template.h"
#include "translate/scripter.h"
#include "translating.h"

enum { ASKED_MAX = 32, CONTEXT_MAX = 1 << 20, DEADLINE_SPARE_MS = 1 };

static const double PATIENCE_SPARE_S = .5;

struct said {
    const struct tn_script *script;
    const void             *about;
    unsigned                attempts; /* of the query when it was asked */
    struct tn_script_answer answer;
};

struct tn_scripting {
    struct tn_script_question question; /* script NULL: nothing is asked */
    size_t                    count;
    struct said               said[ASKED_MAX];
};

static struct tn_scripter *scripter_of(const struct tn_query *q)
{
    return tn_runtime_of(q->worker)->server->scripter;
}

/* ---- what an answer may depend on: hashes under the scripter's secret ---- */

static uint64_t hash_text(struct tn_str text, uint64_t seed)
{
    return tn_hash_seeded(text.ptr, text.len, seed + (text.ptr == NULL ? UINT64_MAX : text.len));
}

static uint64_t hash_list(const struct tn_tag *items, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++)
        seed = hash_text(items[i].value, hash_text(items[i].key, seed));
    return seed;
}

static uint64_t hash_groups(const struct tn_route_context *client, uint64_t seed)
{
    seed += client->user_group_count;
    for (size_t i = 0; i < client->user_group_count; i++)
        seed = hash_text(client->user_groups[i], seed);
    return seed;
}

static uint64_t hash_settings(const struct tn_session_settings *settings, uint64_t seed)
{
    for (size_t i = 0; settings != NULL && i < settings->count; i++)
        seed = hash_text(settings->items[i].value, hash_text(settings->items[i].name, seed));
    return seed;
}

/* The address without the port, which is another one with every connection. */
static struct tn_str host_of(struct tn_str address)
{
    while (address.len > 0 && address.ptr[address.len - 1] != ':')
        address.len--;
    return address;
}

static const char *dialect_of(const struct tn_query *q)
{
    enum tn_dialect dialect;

    return tn_translating_spoken(q, &dialect) ? tn_dialect_name(dialect) : "";
}

/* As the client wrote it. */
static struct tn_str sql_of(const struct tn_query *q)
{
    return q->native.ptr != NULL ? q->native : q->text;
}

static uint64_t fact(const struct tn_query *q, enum tn_depends which, uint64_t secret)
{
    const struct tn_route_context *client = &q->client;

    switch (which) {
    case TN_DEPENDS_SHAPE:       return tn_hash_mix(tn_template_keyed(q->text, TN_DIALECT_POSTGRES, secret) + (uint64_t)q->features.class);
    case TN_DEPENDS_SQL:         return hash_text(sql_of(q), secret);
    case TN_DEPENDS_USER:        return hash_text(client->user, secret);
    case TN_DEPENDS_GROUPS:      return hash_groups(client, secret);
    case TN_DEPENDS_TAGS:        return hash_list(client->tags, client->tag_count, secret);
    case TN_DEPENDS_PROTOCOL:    return hash_text(tn_str(client->protocol), secret);
    case TN_DEPENDS_DATABASE:    return hash_text(client->database, secret);
    case TN_DEPENDS_APPLICATION: return hash_text(client->application, secret);
    case TN_DEPENDS_HEADERS:     return hash_list(client->headers, client->header_count, secret);
    case TN_DEPENDS_SETTINGS:    return hash_settings(q->run.settings, secret);
    case TN_DEPENDS_DIALECT:     return hash_text(tn_str(dialect_of(q)), secret);
    case TN_DEPENDS_ADDRESS:     return hash_text(host_of(client->client_address), secret);
    default:                     return 0;
    }
}

static void gather(const struct tn_query *q, const struct tn_script_question *question, uint32_t depends, struct tn_script_facts *out)
{
    uint64_t secret = tn_scripter_secret(scripter_of(q));

    out->script = tn_hash_mix(question->script->hash + (question->about != NULL));
    out->members = 0;
    if (question->about != NULL)
        out->members = tn_hash_mix(tn_hash_str(((const struct tn_group *)question->about)->conf->name) + question->members);
    depends |= 1u << TN_DEPENDS_SHAPE;
    for (unsigned i = 0; i < TN_DEPENDS_COUNT; i++)
        if ((depends >> i & 1) != 0)
            out->facts[i] = fact(q, (enum tn_depends)i, secret);
}

/* ---- what a script is told ---- */

/* Passwords and tokens travel in headers; they are no matter of routing. */
static bool is_secret(struct tn_str name)
{
    static const char *const words[] = {"auth", "password", "secret", "token", "credential", "cookie", "apikey", "api-key", "signature"};
    char                     text[128];

    tn_str_copy(text, sizeof text, name);
    for (size_t i = 0; i < TN_ARRAY_LEN(words); i++)
        if (strcasestr(text, words[i]) != NULL)
            return true;
    return name.len >= sizeof text;
}

static void put_pair(struct tn_json *json, struct tn_str key, struct tn_str value)
{
    char name[256];

    tn_str_copy(name, sizeof name, key);
    name[tn_utf8_valid_prefix(name, strlen(name))] = '\0';
    tn_json_str(json, name, value);
}

static void put_client(const struct tn_query *q, struct tn_json *json)
{
    const struct tn_route_context *client = &q->client;

    tn_json_text(json, "protocol", client->protocol);
    tn_json_str(json, "user", client->user);
    tn_json_open(json, "groups", '[');
    for (size_t i = 0; i < client->user_group_count; i++)
        tn_json_str(json, NULL, client->user_groups[i]);
    tn_json_close(json, ']');
    tn_json_str(json, "database", client->database);
    tn_json_str(json, "application", client->application);
    tn_json_str(json, "clientAddress", client->client_address);
    tn_json_text(json, "dialect", dialect_of(q));
    tn_json_open(json, "tags", '{');
    for (size_t i = 0; i < client->tag_count; i++)
        put_pair(json, client->tags[i].key, client->tags[i].value);
    tn_json_close(json, '}');
    tn_json_open(json, "headers", '{');
    for (size_t i = 0; i < client->header_count; i++)
        if (!is_secret(client->headers[i].key))
            put_pair(json, client->headers[i].key, client->headers[i].value);
    tn_json_close(json, '}');
    tn_json_open(json, "settings", '{');
    for (size_t i = 0; q->run.settings != NULL && i < q->run.settings->count; i++)
        if (!is_secret(q->run.settings->items[i].name))
            put_pair(json, q->run.settings->items[i].name, q->run.settings->items[i].value);
    tn_json_close(json, '}');
}

static void put_statement(struct tn_query *q, struct tn_json *json)
{
    char key[40];

    tn_json_u64(json, "sqlBytes", sql_of(q).len);
    snprintf(key, sizeof key, "%016llx", (unsigned long long)q->features.template_hash);
    tn_json_text(json, "template", key);
    if (tn_query_shape_bind(q)) {
        snprintf(key, sizeof key, "%016llx%016llx", (unsigned long long)q->shape.key[0], (unsigned long long)q->shape.key[1]);
        tn_json_text(json, "shape", key);
    } else {
        tn_json_text(json, "shape", NULL);
    }
    tn_explain_features_json(&q->features, json);
    tn_json_bool(json, "inTransaction", q->pinned || q->prelude.len > 0);
    tn_json_f64(json, "time", (double)tn_clock_wall_us() / 1e6);
}

static void put_context(struct tn_query *q, const struct tn_script_question *question, struct tn_buf *out)
{
    struct tn_json json = {.buf = out};

    tn_json_open(&json, NULL, '{');
    tn_json_u64(&json, "timeoutMs", TN_MAX(question->timeout_us / 1000, (uint64_t)DEADLINE_SPARE_MS));
    put_client(q, &json);
    put_statement(q, &json);
    if (question->about != NULL) {
        const struct tn_group *group = question->about;

        tn_json_str(&json, "group", group->conf->name);
        tn_scripting_candidates(q, group, question->members, &json);
    }
    tn_json_close(&json, '}');
}

/* ---- asking ---- */

static struct tn_script_answer *find_said(const struct tn_query *q, const struct tn_script_question *question)
{
    struct tn_scripting *s = q->scripting.said;

    for (size_t i = 0; s != NULL && i < s->count; i++)
        if (s->said[i].script == question->script && s->said[i].about == question->about && s->said[i].attempts == q->attempts)
            return &s->said[i].answer;
    return NULL;
}

static bool remember(struct tn_query *q, const struct tn_script_question *question, const struct tn_script_answer *answer)
{
    struct tn_scripting *s = q->scripting.said;

    if (s->count == ASKED_MAX)
        return false;
    s->said[s->count++] = (struct said){.script = question->script, .about = question->about, .attempts = q->attempts, .answer = *answer};
    return true;
}

static bool find(struct tn_script_asker *asker, const struct tn_script_question *question, struct tn_script_answer *out)
{
    struct tn_query         *q = TN_CONTAINER_OF(asker, struct tn_query, scripting.asker);
    struct tn_script_answer *said = find_said(q, question);
    struct tn_script_facts   facts;

    *out = (struct tn_script_answer){.said = TN_SCRIPT_FAILED, .why = TN_STR("no memory, or too many scripts, for one query")};
    if (said != NULL) {
        *out = *said;
        return true;
    }
    if (q->scripting.said == NULL && (q->scripting.said = tn_arena_zalloc(&q->arena, sizeof *q->scripting.said)) == NULL)
        return true;
    if (q->scripting.said->count == ASKED_MAX)
        return true;
    gather(q, question, (uint32_t)atomic_load_explicit(&question->script->declared, memory_order_acquire), &facts);
    if (tn_scripter_find(scripter_of(q), question->script, &facts, &q->arena, out)) {
        (void)remember(q, question, out);
        return true;
    }
    q->scripting.said->question = *question;
    return false;
}

static void failed(struct tn_script_asker *asker, struct tn_script *script, const char *why)
{
    tn_scripter_failed(scripter_of(TN_CONTAINER_OF(asker, struct tn_query, scripting.asker)), script, tn_str(why));
}

void tn_scripting_begin(struct tn_query *q)
{
    q->scripting.asker = (struct tn_script_asker){.find = find, .failed = failed};
    q->client.scripts = q->snapshot->asks && scripter_of(q) != NULL ? &q->scripting.asker : NULL;
}

bool tn_scripting_asks(const struct tn_query *q)
{
    return q->scripting.said != NULL && q->scripting.said->question.script != NULL;
}

static void take_answer(struct tn_query *q, struct tn_script_answer answer)
{
    struct tn_script_question question = q->scripting.said->question;

    q->scripting.said->question.script = NULL;
    if (!tn_arena_str(&q->arena, answer.name, &answer.name) || !tn_arena_str(&q->arena, answer.why, &answer.why))
        answer = (struct tn_script_answer){.said = TN_SCRIPT_FAILED, .why = TN_STR("no memory")};
    (void)remember(q, &question, &answer);
}

static void on_answer(struct tn_script_wait *wait)
{
    struct tn_query *q = wait->owner;

    q->scripting.wait = NULL;
    ev_timer_stop(q->worker->loop, &q->scripting.patience);
    take_answer(q, wait->answer);
    q->scripting.go_on(q);
}

/* Whatever its processes do: Python may be slow to start, or hang there. */
static void on_patience(struct ev_loop *loop, ev_timer *timer, int revents)
{
    struct tn_query *q = TN_CONTAINER_OF(timer, struct tn_query, scripting.patience);

    (void)loop;
    (void)revents;
    tn_scripting_abandon(q);
    failed(&q->scripting.asker, q->scripting.said->question.script, "no process had time for the script");
    take_answer(q, (struct tn_script_answer){.said = TN_SCRIPT_FAILED, .why = TN_STR("no process had time for the script")});
    q->scripting.go_on(q);
}

static void start_patience(struct tn_query *q, uint64_t timeout_us)
{
    ev_timer_init(&q->scripting.patience, on_patience, 2 * (double)timeout_us / 1e6 + PATIENCE_SPARE_S, 0.);
    ev_now_update(q->worker->loop);
    ev_timer_start(q->worker->loop, &q->scripting.patience);
}

bool tn_scripting_ask(struct tn_query *q, void (*go_on)(struct tn_query *q))
{
    const struct tn_script_question *question = &q->scripting.said->question;
    struct tn_buf                    context;
    struct tn_script_ask             ask = {.entry = question->about != NULL ? TN_SCRIPT_CHOOSE : TN_SCRIPT_ROUTE, .script = question->script,
                                            .sql = sql_of(q), .context = &context, .timeout_us = question->timeout_us};

    gather(q, question, UINT32_MAX, &ask.facts);
    tn_buf_init(&context, CONTEXT_MAX);
    put_context(q, question, &context);
    q->scripting.go_on = go_on;
    q->scripting.wait = tn_scripter_ask(scripter_of(q), &ask, q->worker, on_answer, q);
    tn_buf_reset(&context);
    if (q->scripting.wait != NULL) {
        start_patience(q, question->timeout_us);
        return true;
    }
    take_answer(q, (struct tn_script_answer){.said = TN_SCRIPT_FAILED, .why = TN_STR("too many queries wait for a script, or what it is to be told is too long")});
    return false;
}

void tn_scripting_abandon(struct tn_query *q)
{
    if (q->scripting.wait == NULL)
        return;
    tn_script_wait_leave(q->scripting.wait);
    q->scripting.wait = NULL;
    ev_timer_stop(q->worker->loop, &q->scripting.patience);
}

enum tn_status tn_scripting_decide(struct tn_runtime *runtime, const struct tn_route_context *context, const struct tn_features *features,
                                   struct tn_str text, struct tn_arena *arena, struct tn_route_result *out, bool *unsure, struct tn_error *err)
{
    const struct tn_routes *routes = runtime->snapshot->routes;
    struct tn_query        *q = runtime->snapshot->asks ? tn_explain_query_new(runtime) : NULL;
    enum tn_status          status;

    *unsure = false;
    if (q == NULL)
        return tn_routes_decide(routes, context, features, text, arena, out, err);
    q->client = *context;
    q->features = *features;
    q->text = text;
    tn_scripting_begin(q);
    status = tn_routes_decide(routes, &q->client, features, text, arena, out, err);
    if (status == TN_AGAIN) {
        *unsure = true;
        status = tn_routes_decide(routes, context, features, text, arena, out, err);
    }
    if (status == TN_OK && out->denied && !tn_arena_str(arena, out->message, &out->message)) /* perhaps a script's, which goes with Q */
        status = tn_fail(err, TN_E_NOMEM, "53200", "routing: no memory");
    tn_explain_query_free(q);
    return status;
}
