#include "base/tz.h"

#include "base/alloc.h"
#include "base/civil.h"
#include "base/tz_rule.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZONE_FOLDER "/usr/share/zoneinfo"

enum { NAME_MAX_LEN = 63, FILE_MAX = 256 * 1024, HEADER_LEN = 44, TYPE_LEN = 6, FOOTER_MAX = 255 };

/* Beyond these seconds (about 5.8 million years) nobody asks, and day arithmetic stays exact. */
#define SECONDS_MAX (INT64_C(2147483647) * 86400)

struct tn_tz {
    char              name[NAME_MAX_LEN + 1];
    int32_t           first_offset_s; /* before the first transition */
    bool              has_rule;       /* behind the last transition */
    struct tn_tz_rule rule;
    size_t            count;
    struct transition {
        int64_t at;
        int32_t offset_s; /* from then on */
    } transitions[];
};

struct counts {
    uint32_t isut, isstd, leap, time, type, chars;
};

static enum tn_status bad_zone(struct tn_error *err, struct tn_str name, const char *why)
{
    enum tn_status status = tn_fail(err, TN_E_INVALID, "22023", "time zone \"" TN_STR_FMT "\" %s",
                                    (int)TN_MIN(name.len, (size_t)NAME_MAX_LEN), name.ptr == NULL ? "" : name.ptr, why);

    tn_error_hint(err, "Use a name such as Europe/Berlin or UTC, or an offset such as +02.");
    return status;
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const uint8_t *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* Reads one header; the size of the data behind it with times of TIME_LEN bytes, 0 when the header is not sound. */
static size_t read_header(const uint8_t *p, size_t len, size_t time_len, struct counts *counts)
{
    if (len < HEADER_LEN || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
        return 0;
    *counts = (struct counts){be32(p + 20), be32(p + 24), be32(p + 28), be32(p + 32), be32(p + 36), be32(p + 40)};
    if (counts->isut > 256 || counts->isstd > 256 || counts->leap > 4096 || counts->time > 16384 ||
        counts->type > 256 || counts->type == 0 || counts->chars > 4096)
        return 0;
    return counts->time * (time_len + 1) + counts->type * TYPE_LEN + counts->chars + counts->leap * (time_len + 4) +
           counts->isstd + counts->isut;
}

static struct tn_tz *zone_new(struct tn_str name, size_t count)
{
    struct tn_tz *tz = tn_calloc(1, sizeof *tz + count * sizeof tz->transitions[0]);

    if (tz == NULL)
        return NULL;
    tn_str_copy(tz->name, sizeof tz->name, name);
    tz->count = count;
    return tz;
}

/* The 64-bit block at P, already known to be complete. NULL or why it is wrong. */
static const char *read_block(struct tn_tz *tz, const uint8_t *p, const struct counts *counts)
{
    const uint8_t *indices = p + (size_t)counts->time * 8;
    const uint8_t *types = indices + counts->time;

    for (size_t i = 0; i < counts->type; i++) {
        int32_t offset = (int32_t)be32(types + i * TYPE_LEN);

        if (offset < -26 * 3600 || offset > 26 * 3600)
            return "has a file with an offset out of range";
    }
    tz->first_offset_s = (int32_t)be32(types);
    for (size_t i = 0; i < counts->time; i++) {
        struct transition *t = &tz->transitions[i];

        t->at = be64(p + i * 8);
        if (indices[i] >= counts->type)
            return "has a file with a type out of range";
        if (i > 0 && t->at <= t[-1].at)
            return "has a file with transitions out of order";
        t->offset_s = (int32_t)be32(types + (size_t)indices[i] * TYPE_LEN);
    }
    return NULL;
}

static const char *read_footer(struct tn_tz *tz, const uint8_t *p, size_t len)
{
    const uint8_t *end;
    struct tn_str  text;

    if (len < 2 || p[0] != '\n' || (end = memchr(p + 1, '\n', TN_MIN(len - 1, (size_t)FOOTER_MAX))) == NULL)
        return "has a file without a footer";
    text = tn_str_n((const char *)p + 1, (size_t)(end - p - 1));
    if (text.len == 0)
        return NULL;
    if (!tn_tz_rule_parse(text, &tz->rule))
        return "has a file with a footer that is no rule";
    tz->has_rule = true;
    return NULL;
}

enum tn_status tn_tz_parse(struct tn_tz **out, struct tn_str name, const void *data, size_t len, struct tn_error *err)
{
    const uint8_t *p = data;
    struct counts  counts;
    size_t         size = len < HEADER_LEN ? 0 : read_header(p, len, 4, &counts);
    const char    *why;
    struct tn_tz  *tz;

    *out = NULL;
    if (size == 0 || size > len - HEADER_LEN)
        return bad_zone(err, name, "has a file that is not TZif of version 2 or later, or cut");
    p += HEADER_LEN + size;
    len -= HEADER_LEN + size;
    size = read_header(p, len, 8, &counts);
    if (size == 0 || size > len - HEADER_LEN)
        return bad_zone(err, name, "has a file that is cut");
    if (counts.leap != 0)
        return bad_zone(err, name, "counts leap seconds, which SQL times do not have");
    tz = zone_new(name, counts.time);
    if (tz == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "time zone: out of memory");
    why = read_block(tz, p + HEADER_LEN, &counts);
    if (why == NULL)
        why = read_footer(tz, p + HEADER_LEN + size, len - HEADER_LEN - size);
    if (why != NULL) {
        tn_free(tz);
        return bad_zone(err, name, why);
    }
    *out = tz;
    return TN_OK;
}

/* Only letters, digits and _ + - / ; no leading slash, no component that begins with a dot (dots are not allowed). */
static bool name_is_safe(struct tn_str name)
{
    if (name.len == 0 || name.len > NAME_MAX_LEN || name.ptr[0] == '/' || name.ptr[name.len - 1] == '/')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = tn_ascii_lower(name.ptr[i]);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-' || c == '/'))
            return false;
    }
    return true;
}

/* Finds COMPONENT in the folder PATH, whatever its case, and writes it as the file system spells it. */
static bool find_entry(const char *path, struct tn_str component, char *out)
{
    DIR                 *dir = opendir(path);
    const struct dirent *entry;
    bool                 found = false;

    while (dir != NULL && !found && (entry = readdir(dir)) != NULL)
        if (tn_str_ieq_c(component, entry->d_name)) {
            memcpy(out, entry->d_name, component.len);
            found = true;
        }
    if (dir != NULL)
        closedir(dir);
    return found;
}

/* NAME as the zone folder spells it; same length. */
static bool spell_name(struct tn_str name, char out[NAME_MAX_LEN + 1])
{
    char   path[sizeof ZONE_FOLDER + NAME_MAX_LEN + 1];
    size_t at = 0;

    memset(out, 0, NAME_MAX_LEN + 1);
    while (at < name.len) {
        const char   *slash = memchr(name.ptr + at, '/', name.len - at);
        size_t        len = slash == NULL ? name.len - at : (size_t)(slash - name.ptr) - at;
        struct tn_str component = tn_str_n(name.ptr + at, len);

        snprintf(path, sizeof path, "%s/%.*s", ZONE_FOLDER, (int)at, out);
        if (len == 0 || !find_entry(path, component, out + at))
            return false;
        at += len;
        if (slash != NULL)
            out[at++] = '/';
    }
    return true;
}

/* The whole file, at most FILE_MAX bytes; NULL when there is none, or no memory for it. */
static uint8_t *read_zone_file(const char *name, size_t *len, bool *no_memory)
{
    char        path[sizeof ZONE_FOLDER + NAME_MAX_LEN + 1];
    struct stat info;
    uint8_t    *data = NULL;
    size_t      have = 0;
    ssize_t     got = 1;
    int         fd;

    snprintf(path, sizeof path, "%s/%s", ZONE_FOLDER, name);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0 && info.st_size <= FILE_MAX) {
        data = tn_malloc((size_t)info.st_size);
        *no_memory = data == NULL;
    }
    while (data != NULL && have < (size_t)info.st_size && got > 0) {
        got = read(fd, data + have, (size_t)info.st_size - have);
        if (got > 0)
            have += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    close(fd);
    *len = have;
    return data;
}

static enum tn_status load_file(struct tn_tz **out, struct tn_str name, struct tn_error *err)
{
    char           spelled[NAME_MAX_LEN + 1];
    size_t         len = 0;
    uint8_t       *data;
    bool           no_memory = false;
    enum tn_status status;

    *out = NULL;
    if (!name_is_safe(name))
        return TN_E_NOT_FOUND;
    tn_str_copy(spelled, sizeof spelled, name);
    data = read_zone_file(spelled, &len, &no_memory);
    if (data == NULL && !no_memory && spell_name(name, spelled))
        data = read_zone_file(spelled, &len, &no_memory);
    if (no_memory)
        return tn_fail(err, TN_E_NOMEM, "53200", "time zone: out of memory");
    if (data == NULL)
        return TN_E_NOT_FOUND;
    status = tn_tz_parse(out, tn_str(spelled), data, len, err);
    tn_free(data);
    return status;
}

/* [+-]h[h][:mm[:ss]], east is positive. */
static bool parse_offset(struct tn_str text, int32_t *out)
{
    enum { MAX_OFFSET = 16 * 3600 };
    struct tn_tz_rule rule;
    char              copy[16] = "UTC";
    bool              sign = text.len > 0 && (text.ptr[0] == '+' || text.ptr[0] == '-');

    if (text.len > 10 || text.len < 1 || (!sign && (text.ptr[0] < '0' || text.ptr[0] > '9')))
        return false;
    tn_str_copy(copy + 3, sizeof copy - 3, text);
    if (!tn_tz_rule_parse(tn_str(copy), &rule) || rule.has_dst || rule.std_s <= -MAX_OFFSET || rule.std_s >= MAX_OFFSET)
        return false;
    *out = -rule.std_s;
    return true;
}

static struct tn_tz *fixed_new(int32_t offset_s)
{
    unsigned      magnitude = (unsigned)(offset_s < 0 ? -offset_s : offset_s);
    struct tn_tz *tz = zone_new(TN_STR(""), 0);
    char          text[16];

    if (tz == NULL)
        return NULL;
    tz->first_offset_s = offset_s;
    snprintf(text, sizeof text, magnitude % 3600 == 0 ? "%02u" : magnitude % 60 == 0 ? "%02u:%02u" : "%02u:%02u:%02u",
             magnitude / 3600, magnitude / 60 % 60, magnitude % 60);
    snprintf(tz->name, sizeof tz->name, offset_s < 0 ? "<-%s>+%s" : "<+%s>-%s", text, text);
    return tz;
}

enum tn_status tn_tz_load(struct tn_tz **out, struct tn_str name, struct tn_error *err)
{
    struct tn_tz_rule rule;
    int32_t           offset;
    enum tn_status    status;

    if (parse_offset(name, &offset)) {
        *out = fixed_new(offset);
        return *out != NULL ? TN_OK : tn_fail(err, TN_E_NOMEM, "53200", "time zone: out of memory");
    }
    status = load_file(out, name, err);
    if (status != TN_E_NOT_FOUND)
        return status;
    if (name.len > NAME_MAX_LEN || !tn_tz_rule_parse(name, &rule))
        return bad_zone(err, name, "is not known");
    *out = zone_new(name, 0);
    if (*out == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "time zone: out of memory");
    (*out)->has_rule = true;
    (*out)->rule = rule;
    return TN_OK;
}

void tn_tz_free(struct tn_tz *tz)
{
    tn_free(tz);
}

const char *tn_tz_name(const struct tn_tz *tz)
{
    return tz == NULL ? "UTC" : tz->name;
}

/* The number of transitions at or before UNIX_S. */
static size_t transitions_before(const struct tn_tz *tz, int64_t unix_s)
{
    size_t low = 0, high = tz->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (tz->transitions[middle].at <= unix_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int32_t tn_tz_offset_slow(const struct tn_tz *tz, int64_t unix_s, struct tn_tz_range *range)
{
    size_t before;

    *range = (struct tn_tz_range){INT64_MIN, INT64_MAX, 0};
    if (tz == NULL)
        return 0;
    unix_s = TN_MAX(TN_MIN(unix_s, SECONDS_MAX), -SECONDS_MAX);
    before = transitions_before(tz, unix_s);
    if (before == tz->count && tz->has_rule) {
        tn_tz_rule_range(&tz->rule, unix_s, range);
        if (before > 0)
            range->from = TN_MAX(range->from, tz->transitions[before - 1].at);
        return range->offset_s;
    }
    if (before > 0)
        range->from = tz->transitions[before - 1].at;
    if (before < tz->count)
        range->until = tz->transitions[before].at;
    range->offset_s = before == 0 ? tz->first_offset_s : tz->transitions[before - 1].offset_s;
    return range->offset_s;
}

int32_t tn_tz_local_offset(const struct tn_tz *tz, int64_t local_s)
{
    struct tn_tz_range range, next;
    int64_t            before_s, after_s;
    int32_t            after;

    /* No offset reaches a day and no two changes are closer than two, so one change at most is near. */
    local_s = TN_MAX(TN_MIN(local_s, SECONDS_MAX), -SECONDS_MAX);
    tn_tz_offset_slow(tz, local_s - 86400, &range);
    if (range.until == INT64_MAX)
        return range.offset_s;
    after = tn_tz_offset_slow(tz, range.until, &next);
    before_s = local_s - range.offset_s;
    after_s = local_s - after;
    if (before_s < range.until && after_s < range.until)
        return range.offset_s;
    if (before_s > range.until && after_s >= range.until)
        return after;
    return before_s > after_s ? range.offset_s : after;
}
