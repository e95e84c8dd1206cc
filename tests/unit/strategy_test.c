/* strategy_test.c - choosing by golden files (tests/golden/strategy_<type>.cases), exact shares of `weighted`, threads. */
#include "base/alloc.h"
#include "base/rand.h"
#include "policies/strategy/strategy.h"
#include "tests/unit/cases.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <pthread.h>

enum { MEMBERS = 64, NOW_US = 1000000000 };

/* A group with members made by hand: choosing needs nothing of an engine but its name and can_run. */
static struct fixture {
    struct tn_group         group;
    struct tn_group_conf    conf;
    struct tn_cluster      *members[MEMBERS];
    struct tn_cluster       clusters[MEMBERS];
    struct tn_cluster_conf  confs[MEMBERS];
    struct tn_engine_ops    ops[MEMBERS];
    struct tn_cfg_pair      weights[MEMBERS];
    struct tn_str           preference[MEMBERS];
    char                    names[MEMBERS][16];
} f;

static bool never_runs(const struct tn_cluster *cluster, const struct tn_features *features, struct tn_error *why)
{
    (void)features;
    tn_fail(why, TN_E_UNSUPPORTED, "0A000", "%.*s does not know this", (int)cluster->conf->name.len, cluster->conf->name.ptr);
    return false;
}

static void begin_group(void)
{
    for (size_t i = 0; i < f.group.member_count; i++) {
        tn_breaker_destroy(&f.clusters[i].breaker);
        pthread_mutex_destroy(&f.clusters[i].note_lock);
    }
    memset(&f, 0, sizeof f);
    f.group.conf = &f.conf;
    f.group.members = f.members;
    f.conf.name = TN_STR("g");
}

static struct tn_cluster *add_member(struct tn_str name, const char *engine)
{
    size_t             i = f.group.member_count++;
    struct tn_cluster *cluster = f.members[i] = &f.clusters[i];

    tn_str_copy(f.names[i], sizeof f.names[i], name);
    f.confs[i] = (struct tn_cluster_conf){.name = tn_str(f.names[i]), .enabled = true, .breaker_consecutive = 1,
                                          .breaker_rate = 50, .breaker_min_requests = 20, .breaker_window = 10000000,
                                          .breaker_backoff = 30000000, .breaker_max_backoff = 300000000};
    f.ops[i].name = engine;
    cluster->conf = &f.confs[i];
    cluster->ops = &f.ops[i];
    cluster->max_running = 10;
    pthread_mutex_init(&cluster->note_lock, NULL);
    tn_breaker_init(&cluster->breaker);
    return cluster;
}

static struct tn_str word(char **at)
{
    char  *from = *at + strspn(*at, " ");
    size_t len = strcspn(from, " ");

    *at = from + len;
    return tn_str_n(from, len);
}

static uint64_t number_after(struct tn_str text, size_t skip)
{
    uint64_t number = 0;

    CU_ASSERT_FATAL(tn_str_to_u64(tn_str_n(text.ptr + skip, text.len - skip), UINT32_MAX, &number));
    return number;
}

static void set_flag(struct tn_cluster *cluster, struct tn_cluster_conf *conf, struct tn_engine_ops *ops, struct tn_str flag)
{
    if (tn_str_eq_c(flag, "ro"))
        conf->read_only = true;
    else if (tn_str_eq_c(flag, "down")) {
        atomic_store(&cluster->health, TN_HEALTH_DOWN);
        tn_cluster_note(cluster, "connection refused");
    } else if (tn_str_eq_c(flag, "disabled"))
        conf->enabled = false;
    else if (tn_str_eq_c(flag, "maintenance"))
        atomic_store(&cluster->maintenance, true);
    else if (tn_str_eq_c(flag, "removed"))
        atomic_store(&cluster->removed, true);
    else if (tn_str_eq_c(flag, "open"))
        (void)tn_breaker_record(&cluster->breaker, conf, false, NOW_US - 1000000);
    else if (tn_str_eq_c(flag, "halfopen"))
        (void)tn_breaker_record(&cluster->breaker, conf, false, NOW_US - 100000000);
    else if (tn_str_eq_c(flag, "cannot"))
        ops->can_run = never_runs;
    else if (tn_str_starts(flag, TN_STR("max=")))
        cluster->max_running = (unsigned)number_after(flag, 4);
    else if (tn_str_starts(flag, TN_STR("running=")))
        atomic_store(&cluster->running, (unsigned)number_after(flag, 8));
    else if (tn_str_starts(flag, TN_STR("weight=")))
        f.weights[f.conf.weights.count++] = (struct tn_cfg_pair){conf->name, tn_str_n(flag.ptr + 7, flag.len - 7)};
    else
        CU_FAIL("unknown flag of a member");
}

/* "a duckDb ro max=3" on each line */
static void read_members(char *text)
{
    for (char *line = text; line != NULL;) {
        char         *next = strchr(line, '\n'), *at = line;
        struct tn_str name, engine, flag;
        size_t        i = f.group.member_count;
        static char   engines[MEMBERS][16];

        if (next != NULL)
            *next++ = '\0';
        name = word(&at);
        engine = word(&at);
        tn_str_copy(engines[i], sizeof engines[i], engine);
        add_member(name, engines[i]);
        while ((flag = word(&at)).len > 0)
            set_flag(f.members[i], &f.confs[i], &f.ops[i], flag);
        line = next;
    }
    f.conf.weights.items = f.weights;
    f.conf.preference.items = f.preference;
}

static long find_member(struct tn_str name)
{
    for (size_t i = 0; i < f.group.member_count; i++)
        if (tn_str_eq(f.confs[i].name, name))
            return (long)i;
    return -1;
}

static void read_ask(struct tn_choose_request *request, struct tn_features *features, char *text)
{
    struct tn_str flag;

    while (text != NULL && (flag = word(&text)).len > 0) {
        if (tn_str_eq_c(flag, "write")) {
            features->class = TN_CLASS_WRITE;
            features->verb = TN_VERB_INSERT;
        } else if (tn_str_eq_c(flag, "unknown"))
            features->class = TN_CLASS_WRITE;
        else if (tn_str_eq_c(flag, "ddl"))
            features->class = TN_CLASS_DDL;
        else if (tn_str_eq_c(flag, "writable"))
            request->needs_writable = true;
        else if (tn_str_starts(flag, TN_STR("cluster=")))
            request->cluster_hint = tn_str_n(flag.ptr + 8, flag.len - 8);
        else if (tn_str_starts(flag, TN_STR("strategy=")))
            request->strategy_hint = tn_str_n(flag.ptr + 9, flag.len - 9);
        else if (tn_str_starts(flag, TN_STR("tried=")))
            request->tried |= UINT64_C(1) << find_member(tn_str_n(flag.ptr + 6, flag.len - 6));
        else if (tn_str_starts(flag, TN_STR("affinity=")))
            request->affinity = f.members[find_member(tn_str_n(flag.ptr + 9, flag.len - 9))];
        else
            CU_FAIL("unknown flag of a request");
    }
}

static void expect(const struct golden_case *c, const char *what, const char *wanted, const char *got)
{
    if (wanted == NULL || strcmp(wanted, got) == 0)
        return;
    fprintf(stderr, "\ncase at line %u, %s\n  wanted: %s\n  got:    %s\n", c->line, what, wanted, got);
    CU_FAIL("golden case");
}

static void read_preference(const char *text)
{
    static char copy[CASE_TEXT];
    char       *at = copy;

    if (text == NULL)
        return;
    tn_str_copy(copy, sizeof copy, tn_str(text));
    for (struct tn_str name; (name = word(&at)).len > 0;)
        f.preference[f.conf.preference.count++] = name;
}

static const char *case_strategy;

static void run_case(const struct golden_case *c)
{
    static char              members[CASE_TEXT], ask[CASE_TEXT];
    char                     got[2048] = "", eligible_text[512] = "", reason[128] = "";
    struct tn_features       features = {.class = TN_CLASS_READ};
    struct tn_choose_request request = {.group = &f.group, .features = &features, .now_us = NOW_US};
    uint64_t                 picks = 1, eligible = 0;
    size_t                   at = 0;

    begin_group();
    for (unsigned s = 0; s <= TN_CFG_STRATEGY_ENGINE_AFFINITY; s++)
        if (strcmp(tn_config_enum_text("STRATEGY", s), case_strategy) == 0)
            f.conf.strategy = (enum tn_cfg_strategy)s;
    tn_str_copy(members, sizeof members, tn_str(golden_get(c, "members")));
    read_members(members);
    read_preference(golden_get(c, "preference"));
    tn_str_copy(ask, sizeof ask, tn_str(golden_get(c, "ask")));
    read_ask(&request, &features, golden_get(c, "ask") == NULL ? NULL : ask);
    if (golden_get(c, "picks") != NULL)
        CU_ASSERT_FATAL(tn_str_to_u64(tn_str(golden_get(c, "picks")), 1000, &picks));
    for (uint64_t i = 0; i < picks && at < sizeof got; i++) {
        struct tn_choice choice;
        struct tn_error  err = TN_ERROR_INIT;
        enum tn_status   status = tn_strategy_choose(&request, &choice, &eligible, &err);
        const char      *space = i == 0 ? "" : " ";

        if (status == TN_OK)
            at += (size_t)snprintf(got + at, sizeof got - at, "%s%s", space, f.names[choice.member]);
        else if (status == TN_AGAIN)
            at += (size_t)snprintf(got + at, sizeof got - at, "%sagain", space);
        else
            at += (size_t)snprintf(got + at, sizeof got - at, "%s%s %s | %s", space, err.sqlstate, err.message, err.detail);
        CU_ASSERT(status != TN_OK || choice.cluster == f.members[choice.member]);
        snprintf(reason, sizeof reason, "%s", choice.reason == NULL ? "" : choice.reason);
        tn_error_reset(&err);
    }
    for (size_t i = 0; i < f.group.member_count; i++)
        if ((eligible >> i & 1) != 0)
            snprintf(eligible_text + strlen(eligible_text), sizeof eligible_text - strlen(eligible_text), "%s%s",
                     eligible_text[0] == '\0' ? "" : " ", f.names[i]);
    expect(c, "want", golden_get(c, "want"), got);
    expect(c, "eligible", golden_get(c, "eligible"), eligible_text);
    expect(c, "reason", golden_get(c, "reason"), reason);
}

static void test_golden(void)
{
    static const char *const names[] = {"roundRobin", "leastLoaded", "failover", "weighted", "engineAffinity"};

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++) {
        char path[512];

        case_strategy = names[i];
        snprintf(path, sizeof path, TN_SOURCE_DIR "/tests/golden/strategy_%s.cases", names[i]);
        CU_ASSERT(golden_each(path, run_case) >= 8);
    }
    case_strategy = "roundRobin";
    CU_ASSERT(golden_each(TN_SOURCE_DIR "/tests/golden/strategy_eligible.cases", run_case) >= 8);
}

static size_t choose(const struct tn_features *features)
{
    struct tn_choose_request request = {.group = &f.group, .features = features, .now_us = NOW_US};
    struct tn_choice         choice;
    uint64_t                 eligible;

    CU_ASSERT_FATAL(tn_strategy_choose(&request, &choice, &eligible, NULL) == TN_OK);
    return choice.member;
}

static void make_weighted(const unsigned *weights, size_t count)
{
    static char values[MEMBERS][16];

    begin_group();
    f.conf.strategy = TN_CFG_STRATEGY_WEIGHTED;
    f.conf.weights.items = f.weights;
    for (size_t i = 0; i < count; i++) {
        char name[24];

        snprintf(name, sizeof name, "m%u", (unsigned)i);
        add_member(tn_str(name), "sqlite")->max_running = 0;
        snprintf(values[i], sizeof values[i], "%u", weights[i]);
        f.weights[f.conf.weights.count++] = (struct tn_cfg_pair){f.confs[i].name, tn_str(values[i])};
    }
}

/* Every window of 100 picks holds every member exactly weight * 100 / sum times. */
static void check_windows(const unsigned *weights, size_t count)
{
    enum { PICKS = 1000 };
    static size_t      picks[PICKS];
    struct tn_features features = {.class = TN_CLASS_READ};
    unsigned           sum = 0, seen[MEMBERS] = {0}, wrong = 0;

    make_weighted(weights, count);
    for (size_t i = 0; i < count; i++)
        sum += weights[i];
    for (size_t i = 0; i < PICKS; i++) {
        picks[i] = choose(&features);
        seen[picks[i]]++;
        if (i >= 100)
            seen[picks[i - 100]]--;
        for (size_t m = 0; i >= 99 && m < count; m++)
            wrong += seen[m] * sum != weights[m] * 100;
    }
    if (wrong > 0)
        fprintf(stderr, "weights %u:%u...: %u wrong windows\n", weights[0], weights[1], wrong);
    CU_ASSERT_EQUAL(wrong, 0);
}

static void test_weighted_exact(void)
{
    static const unsigned sets[][5] = {{3, 1}, {1, 1}, {70, 29, 1}, {50, 30, 20}, {99, 1}, {1, 99}, {7, 3}, {1, 1, 1, 1},
                                       {35, 35, 10, 15, 5}, {97, 1, 1, 1}, {6, 2}, {750000, 250000}, {1, 0, 4}, {20, 30, 0, 50}};

    for (size_t i = 0; i < TN_ARRAY_LEN(sets); i++) {
        size_t count = 5;

        while (count > 0 && sets[i][count - 1] == 0)
            count--;
        check_windows(sets[i], count);
    }
}

/* Whatever the weights: exact over each period, and any 100 picks are near the share; one member's are spread. */
static void test_weighted_random(void)
{
    struct tn_rand     rand = {.state = 7};
    struct tn_features features = {.class = TN_CLASS_READ};

    for (int round = 0; round < 200; round++) {
        unsigned weights[8], sum = 0, counts[8] = {0};
        size_t   count = 2 + (size_t)tn_rand_below(&rand, 7);

        for (size_t i = 0; i < count; i++)
            sum += weights[i] = (unsigned)tn_rand_below(&rand, 40) + 1;
        make_weighted(weights, count);
        for (unsigned i = 0, start = (unsigned)tn_rand_below(&rand, 50); i < start; i++)
            choose(&features);
        for (unsigned i = 0; i < sum; i++)
            counts[choose(&features)]++;
        for (size_t i = 0; i < count; i++)
            CU_ASSERT_EQUAL(counts[i], weights[i]);
        memset(counts, 0, sizeof counts);
        for (unsigned i = 0; i < 100; i++)
            counts[choose(&features)]++;
        for (size_t i = 0; i < count; i++) {
            double share = 100.0 * weights[i] / sum;

            CU_ASSERT(counts[i] > share - 4.0 && counts[i] < share + 4.0);
        }
    }
}

/* A member's picks are spread: 3:1 never gives four in a row to the first. */
static void test_weighted_spread(void)
{
    static const unsigned weights[] = {50, 50};
    struct tn_features    features = {.class = TN_CLASS_READ};
    size_t                last, now;

    make_weighted(weights, 2);
    last = choose(&features);
    for (int i = 0; i < 100; i++, last = now) {
        now = choose(&features);
        CU_ASSERT_NOT_EQUAL(now, last);
    }
}

/* Reads and writes in alternation, writes for some members only: each kind has its exact shares. */
static void test_weighted_two_kinds(void)
{
    static const unsigned weights[] = {1, 1, 2};
    struct tn_features    reads = {.class = TN_CLASS_READ}, writes = {.class = TN_CLASS_WRITE};
    unsigned              read[3] = {0}, wrote[3] = {0};

    make_weighted(weights, 3);
    f.confs[1].read_only = true;
    for (int i = 0; i < 300; i++) {
        read[choose(&reads)]++;
        wrote[choose(&writes)]++;
    }
    CU_ASSERT(read[0] == 75 && read[1] == 75 && read[2] == 150);
    CU_ASSERT(wrote[0] == 100 && wrote[1] == 0 && wrote[2] == 200);
}

struct chooser {
    pthread_t thread;
    unsigned  counts[3];
};

static void *choose_many(void *arg)
{
    struct chooser    *chooser = arg;
    struct tn_features features = {.class = TN_CLASS_READ};

    for (int i = 0; i < 2500; i++)
        chooser->counts[choose(&features)]++;
    return NULL;
}

/* Four threads, 10,000 picks: the shares are exact all the same. */
static void test_weighted_threads(void)
{
    static const unsigned weights[] = {70, 20, 10};
    struct chooser        choosers[4] = {{.counts = {0}}};
    unsigned              counts[3] = {0};

    make_weighted(weights, 3);
    for (size_t i = 0; i < 4; i++)
        CU_ASSERT_FATAL(pthread_create(&choosers[i].thread, NULL, choose_many, &choosers[i]) == 0);
    for (size_t i = 0; i < 4; i++) {
        pthread_join(choosers[i].thread, NULL);
        for (size_t m = 0; m < 3; m++)
            counts[m] += choosers[i].counts[m];
    }
    CU_ASSERT(counts[0] == 7000 && counts[1] == 2000 && counts[2] == 1000);
}

/* A half open member gets one query a second, no matter how many ask. */
static void test_half_open(void)
{
    struct tn_features features = {.class = TN_CLASS_READ};
    unsigned           counts[2] = {0};

    begin_group();
    f.conf.strategy = TN_CFG_STRATEGY_ROUND_ROBIN;
    add_member(TN_STR("a"), "sqlite");
    add_member(TN_STR("b"), "sqlite");
    (void)tn_breaker_record(&f.clusters[1].breaker, &f.confs[1], false, NOW_US - 100000000);
    for (int i = 0; i < 50; i++)
        counts[choose(&features)]++;
    CU_ASSERT_EQUAL(counts[0], 49);
    CU_ASSERT_EQUAL(counts[1], 1);
}

static unsigned two_left(void *arg, struct tn_group *group, const struct tn_cluster *cluster)
{
    CU_ASSERT_PTR_EQUAL(group, &f.group);
    return cluster == arg ? 2 : 0;
}

static void test_room_callback(void)
{
    struct tn_features       features = {.class = TN_CLASS_READ};
    struct tn_choose_request request = {.group = &f.group, .features = &features, .now_us = NOW_US, .room = two_left};
    struct tn_choice         choice;
    uint64_t                 eligible;

    begin_group();
    add_member(TN_STR("a"), "sqlite");
    add_member(TN_STR("b"), "sqlite");
    request.room_arg = f.members[1];
    for (int i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(tn_strategy_choose(&request, &choice, &eligible, NULL), TN_OK);
        CU_ASSERT_EQUAL(choice.member, 1);
    }
    request.room_arg = NULL;
    CU_ASSERT_EQUAL(tn_strategy_choose(&request, &choice, &eligible, NULL), TN_AGAIN);
    CU_ASSERT_EQUAL(eligible, 3);
}

static void test_find(void)
{
    static const char *const names[] = {"roundRobin", "leastLoaded", "failover", "weighted", "engineAffinity"};

    for (unsigned i = 0; i < TN_ARRAY_LEN(names); i++) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(tn_strategy_find(tn_str(names[i])));
        CU_ASSERT_STRING_EQUAL(tn_strategy_find(tn_str(names[i]))->name, names[i]);
        CU_ASSERT_STRING_EQUAL(tn_config_enum_text("STRATEGY", i), names[i]);
    }
    CU_ASSERT_PTR_NOT_NULL(tn_strategy_find(TN_STR("latency")));
    CU_ASSERT_PTR_NULL(tn_strategy_find(TN_STR("")));
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("strategy", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_golden);
    CU_ADD_TEST(suite, test_weighted_exact);
    CU_ADD_TEST(suite, test_weighted_random);
    CU_ADD_TEST(suite, test_weighted_spread);
    CU_ADD_TEST(suite, test_weighted_two_kinds);
    CU_ADD_TEST(suite, test_weighted_threads);
    CU_ADD_TEST(suite, test_half_open);
    CU_ADD_TEST(suite, test_room_callback);
    CU_ADD_TEST(suite, test_find);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    begin_group();
    CU_cleanup_registry();
    return failures > 0;
}
