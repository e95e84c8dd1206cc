/* compare_json.c - a comparison for programs: JSON, CSV, and outcomes for replay. */
#include "tools/cli/compare_break_even.h"
#include "tools/cli/compare_text.h"

#include "base/alloc.h"
#include "base/json.h"

#include <math.h>
#include <stdlib.h>

static const char *const figure_names[TN_FIGURES] = {[TN_FIGURE_P50] = "p50Ms", [TN_FIGURE_P95] = "p95Ms", [TN_FIGURE_P99] = "p99Ms", [TN_FIGURE_MEAN] = "meanMs"};

static double ratio(size_t part, size_t whole)
{
    return whole == 0 ? NAN : (double)part / (double)whole;
}

static void put_interval(struct tn_json *json, const char *key, const struct tn_interval *interval, bool at_least)
{
    tn_json_open(json, key, '{');
    tn_json_f64(json, "value", interval->value);
    tn_json_f64(json, "low", interval->low);
    tn_json_f64(json, "high", interval->high);
    if (at_least)
        tn_json_bool(json, "atLeast", true);
    tn_json_close(json, '}');
}

static void put_figures(struct tn_json *json, const struct tn_figures *f)
{
    tn_json_u64(json, "runs", f->runs);
    tn_json_u64(json, "ok", f->ok);
    tn_json_u64(json, "errors", f->errors);
    tn_json_u64(json, "timeouts", f->timeouts);
    tn_json_f64(json, "success", ratio(f->ok, f->runs));
    for (size_t i = 0; i < TN_FIGURES; i++)
        put_interval(json, figure_names[i], &f->ms[i], f->at_least[i]);
    put_interval(json, "usdPerQuery", &f->usd, false);
    tn_json_f64(json, "usdPerSuccess", f->usd_per_ok);
    tn_json_f64(json, "bytesRead", f->bytes);
    tn_json_f64(json, "bytesSent", f->sent);
}

static void put_engines(struct tn_json *json, const struct tn_compare_report *report)
{
    tn_json_open(json, "engines", '[');
    for (size_t e = 0; e < report->compare->engine_count; e++) {
        const struct tn_engine_figures *engine = &report->engines[e];

        tn_json_open(json, NULL, '{');
        tn_json_text(json, "engine", report->compare->engines[e].name);
        put_figures(json, &engine->f);
        tn_json_f64(json, "fastestShare", ratio(engine->fastest, report->compared));
        tn_json_f64(json, "cheapestShare", isnan(engine->f.usd.value) ? NAN : ratio(engine->cheapest, report->compared));
        tn_json_close(json, '}');
    }
    tn_json_close(json, ']');
}

static void put_winner(struct tn_json *json, const struct tn_compare_report *report, const char *key, long engine)
{
    tn_json_text(json, key, engine < 0 ? NULL : report->compare->engines[engine].name);
}

static void put_shapes(struct tn_json *json, const struct tn_compare_report *report)
{
    tn_json_open(json, "shapes", '[');
    for (size_t i = 0; i < report->compare->shape_count; i++) {
        const struct tn_shape_figures *shape = &report->shapes[report->order[i]];

        if (shape->runs == 0)
            continue;
        tn_json_open(json, NULL, '{');
        tn_json_text(json, "text", report->compare->shapes[report->order[i]].text);
        tn_json_f64(json, "totalMs", shape->total_ms);
        put_winner(json, report, "fastest", shape->fastest);
        tn_json_bool(json, "clear", shape->fastest >= 0 && shape->cell[shape->fastest].clear);
        put_winner(json, report, "cheapest", shape->cheapest);
        tn_json_open(json, "engines", '[');
        for (size_t e = 0; e < report->compare->engine_count; e++)
            if (shape->cell[e].f.runs > 0) {
                tn_json_open(json, NULL, '{');
                tn_json_text(json, "engine", report->compare->engines[e].name);
                put_figures(json, &shape->cell[e].f);
                tn_json_close(json, '}');
            }
        tn_json_close(json, ']');
        tn_json_close(json, '}');
    }
    tn_json_close(json, ']');
}

static void put_warnings(struct tn_json *json, const struct tn_compare_report *report)
{
    static const char *const kinds[] = {[TN_DIFFER_ROWS] = "rows", [TN_DIFFER_VALUES] = "values", [TN_DIFFER_UNSTABLE] = "unstable"};

    tn_json_open(json, "warnings", '[');
    for (size_t i = 0; i < report->warning_count; i++) {
        const struct tn_answer_warning *w = &report->warnings[i];
        struct tn_buf                   text;

        tn_buf_init(&text, 4096);
        tn_compare_warning_text(&text, report, w);
        tn_json_open(json, NULL, '{');
        tn_json_text(json, "kind", kinds[w->what]);
        tn_json_text(json, "engine", report->compare->engines[w->engine].name);
        tn_json_text(json, "other", w->what == TN_DIFFER_UNSTABLE ? NULL : report->compare->engines[w->other].name);
        tn_json_str(json, "message", tn_buf_str(&text));
        tn_json_text(json, "sql", report->compare->queries[w->query].text);
        tn_json_close(json, '}');
        tn_buf_reset(&text);
    }
    tn_json_close(json, ']');
}

static void put_lines(struct tn_json *json, const char *key, struct tn_str text)
{
    struct tn_str line;

    tn_json_open(json, key, '[');
    while (tn_str_next_line(&text, &line))
        tn_json_str(json, NULL, line);
    tn_json_close(json, ']');
}

void tn_compare_put_json(struct tn_buf *out, const struct tn_compare_report *report, const struct tn_compare_about *about)
{
    struct tn_json json = {.buf = out};
    struct tn_buf  sentences;

    tn_buf_init(&sentences, out->max);
    tn_compare_put_break_even(&sentences, report);
    tn_json_open(&json, NULL, '{');
    tn_json_text(&json, "source", about->source);
    tn_json_bool(&json, "interrupted", about->partial);
    if (about->planned > 0) {
        tn_json_u64(&json, "done", about->done);
        tn_json_u64(&json, "planned", about->planned);
    }
    tn_json_u64(&json, "runs", report->compare->sample_count);
    tn_json_u64(&json, "shapesCompared", report->compared);
    tn_json_u64(&json, "answersCompared", report->answers);
    tn_json_text(&json, "answersComparedBy", report->answers == 0 ? NULL : report->hashed ? "rows and values" : "rows");
    tn_json_f64(&json, "confidence", .95);
    tn_json_u64(&json, "seed", report->seed);
    put_engines(&json, report);
    put_shapes(&json, report);
    put_warnings(&json, report);
    put_lines(&json, "breakEven", tn_buf_str(&sentences));
    put_lines(&json, "notes", about->notes);
    tn_json_close(&json, '}');
    tn_buf_puts(out, "\n");
    tn_buf_reset(&sentences);
}

/* ---- CSV: a line for each engine (its shape is empty), then one for each shape and engine ---- */

static void put_number(struct tn_buf *out, double number)
{
    tn_buf_put_u8(out, ',');
    if (isfinite(number))
        tn_buf_printf(out, "%.9g", number);
}

static void put_line(struct tn_buf *out, const struct tn_compare_report *report, size_t engine, const struct tn_figures *f)
{
    tn_buf_put_u8(out, ',');
    tn_buf_put_quoted(out, tn_str(report->compare->engines[engine].name), '"');
    tn_buf_printf(out, ",%zu,%zu,%zu,%zu", f->runs, f->ok, f->errors, f->timeouts);
    for (size_t i = 0; i < TN_FIGURES; i++) {
        put_number(out, f->ms[i].value);
        put_number(out, f->ms[i].low);
        put_number(out, f->ms[i].high);
    }
    put_number(out, f->usd.value);
    put_number(out, f->bytes);
    put_number(out, f->sent);
}

void tn_compare_put_csv(struct tn_buf *out, const struct tn_compare_report *report)
{
    tn_buf_puts(out, "level,engine,runs,ok,errors,timeouts,p50_ms,p50_low,p50_high,p95_ms,p95_low,p95_high,p99_ms,p99_low,p99_high,"
                     "mean_ms,mean_low,mean_high,usd_per_query,bytes_read,bytes_sent,fastest,cheapest,shape\n");
    for (size_t e = 0; e < report->compare->engine_count; e++) {
        const struct tn_engine_figures *engine = &report->engines[e];

        tn_buf_puts(out, "engine");
        put_line(out, report, e, &engine->f);
        put_number(out, ratio(engine->fastest, report->compared));
        put_number(out, isnan(engine->f.usd.value) ? NAN : ratio(engine->cheapest, report->compared));
        tn_buf_puts(out, ",\"\"\n");
    }
    for (size_t i = 0; i < report->compare->shape_count; i++)
        for (size_t e = 0; e < report->compare->engine_count; e++) {
            const struct tn_cell_figures *cell = &report->shapes[report->order[i]].cell[e];

            if (cell->f.runs == 0)
                continue;
            tn_buf_puts(out, "shape");
            put_line(out, report, e, &cell->f);
            tn_buf_printf(out, ",%d,%d,", cell->fastest, cell->cheapest);
            tn_buf_put_quoted(out, tn_str(report->compare->shapes[report->order[i]].text), '"');
            tn_buf_puts(out, "\n");
        }
}

/* ---- outcomes ---- */

/* The how-manieth run of its query on its engine a sample is: runs of the same number make one line. */
struct place {
    const struct tn_compare_sample *sample;
    size_t                          turn;
};

static int by_time(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    return x->sample->t_ms != y->sample->t_ms ? (x->sample->t_ms > y->sample->t_ms) - (x->sample->t_ms < y->sample->t_ms)
                                              : (x->sample > y->sample) - (x->sample < y->sample);
}

static int by_query(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->sample->query != y->sample->query)
        return (x->sample->query > y->sample->query) - (x->sample->query < y->sample->query);
    if (x->turn != y->turn)
        return (x->turn > y->turn) - (x->turn < y->turn);
    return (x->sample->engine > y->sample->engine) - (x->sample->engine < y->sample->engine);
}

static void put_outcome(struct tn_json *json, const struct tn_compare *compare, const struct tn_compare_sample *s)
{
    tn_json_open(json, compare->engines[s->engine].name, '{');
    tn_json_f64(json, "latency_ms", s->ms);
    tn_json_bool(json, "ok", s->outcome == TN_COMPARE_OK);
    tn_json_f64(json, "bytes", s->bytes); /* what is not known is null */
    tn_json_f64(json, "usd", s->usd);
    if (compare->engines[s->engine].priced && compare->engines[s->engine].price.type == TN_PRICE_PER_SECOND)
        tn_json_f64(json, "slots", compare->engines[s->engine].price.slots);
    tn_json_close(json, '}');
}

/* A line begins where its first run began, and lines are in the order of arrival. */
struct line {
    size_t from, to;
    double t_ms;
};

static int by_arrival(const void *a, const void *b)
{
    const struct line *x = a, *y = b;

    return x->t_ms != y->t_ms ? (x->t_ms > y->t_ms) - (x->t_ms < y->t_ms) : (x->from > y->from) - (x->from < y->from);
}

static size_t make_lines(const struct place *places, size_t count, struct line *lines)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        if (i == 0 || places[i].sample->query != places[i - 1].sample->query || places[i].turn != places[i - 1].turn)
            lines[n++] = (struct line){.from = i, .t_ms = places[i].sample->t_ms};
        lines[n - 1].to = i + 1;
        lines[n - 1].t_ms = fmin(lines[n - 1].t_ms, places[i].sample->t_ms);
    }
    qsort(lines, n, sizeof *lines, by_arrival);
    return n;
}

/* Turns are counted in the order of time; TURNS has room for every query and engine. */
static void count_turns(const struct tn_compare *compare, struct place *places, uint32_t *turns)
{
    for (size_t i = 0; i < compare->sample_count; i++)
        places[i].sample = &compare->samples[i];
    qsort(places, compare->sample_count, sizeof *places, by_time);
    for (size_t i = 0; i < compare->sample_count; i++)
        places[i].turn = turns[places[i].sample->query * TN_COMPARE_ENGINES + places[i].sample->engine]++;
    qsort(places, compare->sample_count, sizeof *places, by_query);
}

void tn_compare_put_outcomes(struct tn_buf *out, const struct tn_compare *compare)
{
    size_t        count = compare->sample_count, n;
    struct place *places = tn_calloc(count + 1, sizeof *places);
    struct line  *lines = tn_calloc(count + 1, sizeof *lines);
    uint32_t     *turns = tn_calloc(compare->query_count + 1, sizeof *turns * TN_COMPARE_ENGINES);

    out->failed = out->failed || places == NULL || lines == NULL || turns == NULL;
    if (!out->failed) {
        count_turns(compare, places, turns);
        n = make_lines(places, count, lines);
        for (size_t i = 0; i < n; i++) {
            struct tn_json json = {.buf = out};

            tn_json_open(&json, NULL, '{');
            tn_json_f64(&json, "t_ms", fmax(lines[i].t_ms, 0));
            tn_json_text(&json, "sql", compare->queries[places[lines[i].from].sample->query].text);
            tn_json_text(&json, "dialect", "postgres");
            tn_json_open(&json, "outcomes", '{');
            for (size_t k = lines[i].from; k < lines[i].to; k++)
                put_outcome(&json, compare, places[k].sample);
            tn_json_close(&json, '}');
            tn_json_close(&json, '}');
            tn_buf_puts(out, "\n");
        }
    }
    tn_free(places);
    tn_free(lines);
    tn_free(turns);
}
