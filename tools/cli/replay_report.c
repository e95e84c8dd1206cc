#include "tools/cli/replay_report.h"

#include <inttypes.h>
#include <math.h>

static double share(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : 100 * (double)part / (double)whole;
}

static double ratio(double over, double under)
{
    return over / fmax(under, 1e-9);
}

static void put_reference(struct tn_buf *out, const struct tn_replay_totals *t)
{
    if (t->oracle_s >= 0)
        tn_buf_printf(out, "over oracle        %.3f (%.1f s: always the engine that is best before chance); last half %.3f\n",
                      ratio(t->seconds, t->oracle_s), t->oracle_s, tn_replay_last(t, TN_REPLAY_PARTS / 2));
    tn_buf_printf(out, "over lowest times  %.3f (%.1f s: each query's fastest run, which no router can know before)\n",
                  ratio(t->seconds, t->least_s), t->least_s);
    if (t->greedy_s > 0)
        tn_buf_printf(out, "over greedy        %.3f (%.1f s: exact times and exact load)\n", ratio(t->seconds, t->greedy_s), t->greedy_s);
}

static void put_engines(struct tn_buf *out, const struct tn_replay *replay)
{
    const struct tn_replay_totals *t = tn_replay_totals(replay);
    size_t                         count = tn_replay_engine_count(replay), best = tn_replay_best_static(t, count);
    char                           usd[TN_USD_TEXT];

    if (count > 0)
        tn_buf_printf(out, "over best static   %.3f (%s alone, %.1f s)\n", ratio(t->seconds, tn_replay_static_s(t, best)), tn_replay_engine(replay, best),
                      tn_replay_static_s(t, best));
    for (size_t e = 0; e < count; e++) {
        tn_buf_printf(out, "%-18s first for %.1f %%; alone %.1f s", tn_replay_engine(replay, e), share(t->first[e], t->queries), tn_replay_static_s(t, e));
        if (t->static_usd[e] >= 0)
            tn_buf_printf(out, ", %s USD", tn_usd_text(usd, t->static_usd[e] / 1e6));
        tn_buf_puts(out, t->static_there[e] < t->queries ? ", not always there\n" : "\n");
    }
}

void tn_replay_put_text(struct tn_buf *out, const struct tn_replay *replay, double max_p95_s)
{
    const struct tn_replay_totals *t = tn_replay_totals(replay);
    char                           usd[TN_USD_TEXT], shadows[TN_USD_TEXT];

    tn_buf_printf(out, "queries            %" PRIu64 ", %" PRIu64 " failed, %.1f %% explored\n", t->queries, t->failed, share(t->explored, t->queries));
    tn_buf_printf(out, "users waited       %.1f s; P50 %.3f s, P95 %.3f s\n", t->seconds, tn_replay_quantile(t, .5), tn_replay_quantile(t, .95));
    tn_buf_printf(out, "cut at a deadline  %" PRIu64 " attempts, %.1f s: %.2f %% of the users' time\n", t->cut_attempts, t->cut_s,
                  100 * ratio(t->cut_s, t->seconds));
    tn_buf_printf(out, "shadow copies      %" PRIu64 ", %.1f s: %.2f %% of the engines' time; no user waits for them\n", t->shadows, t->shadow_s,
                  100 * ratio(t->shadow_s, t->shadow_s + t->engine_s));
    if (t->usd >= 0)
        tn_buf_printf(out, "cost               %s USD, and shadows %s USD\n", tn_usd_text(usd, t->usd / 1e6), tn_usd_text(shadows, fmax(t->shadow_usd, 0) / 1e6));
    else
        tn_buf_puts(out, "cost               not known: not every run has usd in the file, and no --config has prices\n");
    put_reference(out, t);
    if (max_p95_s > 0)
        tn_buf_printf(out, "above %-9.3f s  %.2f %% of the queries\n", max_p95_s, share(t->late, t->queries));
    put_engines(out, replay);
}

static void put_usd(struct tn_buf *out, const char *key, double usd)
{
    if (usd >= 0)
        tn_buf_printf(out, ",\"%s\":%.12g", key, usd / 1e6);
    else
        tn_buf_printf(out, ",\"%s\":null", key);
}

static void put_json_engines(struct tn_buf *out, const struct tn_replay *replay)
{
    const struct tn_replay_totals *t = tn_replay_totals(replay);
    size_t                         count = tn_replay_engine_count(replay), best = tn_replay_best_static(t, count);

    tn_buf_puts(out, ",\"bestStatic\":");
    tn_buf_put_json(out, count > 0 ? tn_str(tn_replay_engine(replay, best)) : TN_STR(""));
    tn_buf_printf(out, ",\"bestStaticSeconds\":%.6f,\"engines\":{", count > 0 ? tn_replay_static_s(t, best) : 0);
    for (size_t e = 0; e < count; e++) {
        tn_buf_puts(out, e > 0 ? "," : "");
        tn_buf_put_json(out, tn_str(tn_replay_engine(replay, e)));
        tn_buf_printf(out, ":{\"first\":%" PRIu64 ",\"aloneSeconds\":%.6f", t->first[e], tn_replay_static_s(t, e));
        put_usd(out, "aloneUsd", t->static_usd[e]);
        tn_buf_puts(out, "}");
    }
    tn_buf_puts(out, "}");
}

void tn_replay_put_json(struct tn_buf *out, const struct tn_replay *replay)
{
    const struct tn_replay_totals *t = tn_replay_totals(replay);

    tn_buf_printf(out, "{\"queries\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"explored\":%" PRIu64 ",\"seconds\":%.6f,\"p50Seconds\":%.6f,\"p95Seconds\":%.6f,"
                       "\"engineSeconds\":%.6f,\"cutAttempts\":%" PRIu64 ",\"cutSeconds\":%.6f,\"shadows\":%" PRIu64 ",\"shadowSeconds\":%.6f",
                  t->queries, t->failed, t->explored, t->seconds, tn_replay_quantile(t, .5), tn_replay_quantile(t, .95), t->engine_s, t->cut_attempts,
                  t->cut_s, t->shadows, t->shadow_s);
    put_usd(out, "usd", t->usd);
    put_usd(out, "shadowUsd", t->usd >= 0 ? fmax(t->shadow_usd, 0) : -1);
    tn_buf_printf(out, ",\"leastSeconds\":%.6f,\"late\":%" PRIu64, t->least_s, t->late);
    if (t->oracle_s >= 0)
        tn_buf_printf(out, ",\"oracleSeconds\":%.6f", t->oracle_s);
    if (t->greedy_s > 0)
        tn_buf_printf(out, ",\"greedySeconds\":%.6f", t->greedy_s);
    tn_buf_printf(out, ",\"lastHalf\":%.6f", tn_replay_last(t, TN_REPLAY_PARTS / 2));
    put_json_engines(out, replay);
    tn_buf_puts(out, "}\n");
}
