/* What an OK tells of the transaction (session_track_transaction_info): its state in eight letters, and the SQL that would begin another one like it.
 * As servers have it (MySQL Reference Manual, "Server Tracking of Client Session State"), but for unsafe statements (s, r), which are not told apart. */
#include "mysql/private.h"

static const char idle[] = "________";

void tn_my_track_begin(struct tn_my_session *s, struct tn_str modes)
{
    const char *isolation = s->once_isolation;
    bool        reads = s->once_read_only && !tn_str_has(modes, TN_STR("READ"));

    s->track = (struct tn_my_track){.is_explicit = modes.ptr != NULL, .is_new = modes.ptr != NULL, .read = tn_str_has(modes, TN_STR("SNAPSHOT"))};
    if (s->track.is_explicit)
        snprintf(s->track.text, sizeof s->track.text, "%s%s%sSTART TRANSACTION%.*s%s;", isolation[0] != '\0' ? "SET TRANSACTION ISOLATION LEVEL " : "", isolation,
                 isolation[0] != '\0' ? "; " : "", (int)TN_MIN(modes.len, (size_t)64), modes.ptr, reads ? " READ ONLY" : "");
}

static bool changes(const struct tn_query *q)
{
    return q->features.class != TN_CLASS_READ && q->features.table_count > 0;
}

void tn_my_track_after(struct tn_my_session *s, const struct tn_query *q)
{
    struct tn_my_track *track = &s->track;
    bool                selects = (q->features.verb == TN_VERB_INSERT || q->features.verb == TN_VERB_REPLACE) && q->features.table_count > 1;

    if (q->kind != TN_RUN_EXECUTE)
        return;
    track->wrote = track->wrote || changes(q);
    track->read = track->read || selects || (q->features.class == TN_CLASS_READ && q->features.table_count > 0);
    track->sent = track->sent || s->columns_told;
    if (!track->is_explicit && !track->read && !track->wrote) /* nothing that begins a transaction */
        track->sent = false;
}

static void put_state(const struct tn_my_session *s, char out[sizeof idle])
{
    const struct tn_my_track *track = &s->track;

    memcpy(out, idle, sizeof idle);
    if (!s->in_tx || (!track->is_explicit && !track->read && !track->wrote))
        return;
    out[0] = track->is_explicit ? 'T' : 'I';
    out[2] = track->read ? 'R' : '_';
    out[4] = track->wrote ? 'W' : '_';
    out[6] = track->sent ? 'S' : '_';
}

/* What SET TRANSACTION has said of the next one. */
static void put_next(const struct tn_my_session *s, char *out, size_t size)
{
    bool named = s->once_isolation[0] != '\0';

    snprintf(out, size, "%s%s%s%s%s", named ? "SET TRANSACTION ISOLATION LEVEL " : "", s->once_isolation, named ? ";" : "", named && s->once_read_only ? " " : "",
             s->once_read_only ? "SET TRANSACTION READ ONLY;" : "");
}

void tn_my_track_tell(struct tn_my_session *s, struct tn_my_ok *ok)
{
    const char *how = (s->capabilities & TN_MY_CAP_SESSION_TRACK) == 0 ? NULL : tn_map_get(&s->variables, TN_STR("session_track_transaction_info"));
    char        state[sizeof idle], text[sizeof s->track.text] = "";
    bool        all = how != NULL && strcasecmp(how, "CHARACTERISTICS") == 0;

    if (!all && (how == NULL || strcasecmp(how, "STATE") != 0)) {
        s->told_state[0] = '\0';
        return;
    }
    put_state(s, state);
    if (s->in_tx)
        memcpy(text, s->track.text, sizeof text);
    else
        put_next(s, text, sizeof text);
    all = all && (s->told_state[0] == '\0' || s->track.is_new || strcmp(text, s->told_text) != 0);
    s->track.is_new = false;
    if (strcmp(state, s->told_state) != 0) {
        memcpy(s->told_state, state, sizeof state);
        ok->transaction = tn_str(s->told_state);
    }
    if (all) {
        memcpy(s->told_text, text, sizeof text);
        ok->characteristics = tn_str(s->told_text);
    }
}
