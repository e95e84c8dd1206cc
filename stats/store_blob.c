#include "stats/store_file.h"

#include "base/alloc.h"

struct tn_store_blob {
    struct tn_store_blob *next;
    char                 *name;
    void                 *bytes; /* as the file has them, until somebody asks; or to be written */
    size_t                size;
    bool                  changed;
    void *(*write)(void *arg, size_t *size);
    void *arg;
};

static struct tn_store_blob *find(struct tn_store_blobs *blobs, const char *name)
{
    struct tn_store_blob *blob = blobs->first;

    while (blob != NULL && strcmp(blob->name, name) != 0)
        blob = blob->next;
    return blob;
}

static struct tn_store_blob *add(struct tn_store_blobs *blobs, const char *name)
{
    struct tn_store_blob *blob = tn_calloc(1, sizeof *blob);

    if (blob == NULL || (blob->name = tn_strdup(name)) == NULL) {
        tn_free(blob);
        return NULL;
    }
    blob->next = blobs->first;
    blobs->first = blob;
    return blob;
}

enum tn_status tn_store_blob(struct tn_store *store, const char *name, void (*read)(void *arg, const void *bytes, size_t size),
                             void *(*write)(void *arg, size_t *size), void *arg, struct tn_error *err)
{
    struct tn_store_blob *blob;

    pthread_mutex_lock(&store->blobs.mutex);
    blob = find(&store->blobs, name);
    if (blob == NULL)
        blob = add(&store->blobs, name);
    if (blob != NULL) {
        if (read != NULL && blob->bytes != NULL)
            read(arg, blob->bytes, blob->size);
        blob->write = write;
        blob->arg = arg;
    }
    pthread_mutex_unlock(&store->blobs.mutex);
    return blob != NULL ? TN_OK : tn_fail(err, TN_E_NOMEM, "53200", "statistics: no memory");
}

static enum tn_status load_blob(struct tn_store *store, sqlite3_stmt *stmt, struct tn_error *err)
{
    const char           *name = (const char *)sqlite3_column_text(stmt, 0);
    const void           *bytes = sqlite3_column_blob(stmt, 1);
    struct tn_store_blob *blob;

    if (name == NULL || bytes == NULL || find(&store->blobs, name) != NULL)
        return TN_OK; /* a program that began without the file has newer ones */
    blob = add(&store->blobs, name);
    if (blob == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "statistics: no memory");
    blob->size = (size_t)sqlite3_column_bytes(stmt, 1);
    blob->bytes = malloc(blob->size);
    if (blob->bytes == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "statistics: no memory");
    memcpy(blob->bytes, bytes, blob->size);
    return TN_OK;
}

enum tn_status tn_blobs_load(struct tn_store *store, struct tn_store_file *file, struct tn_error *err)
{
    sqlite3_stmt  *stmt;
    enum tn_status status = TN_OK;
    int            code;

    TN_TRY(tn_database_prepare(&tn_store_kind, file->db, "SELECT name, bytes FROM blob", &stmt, err));
    pthread_mutex_lock(&store->blobs.mutex);
    while (status == TN_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW)
        status = load_blob(store, stmt, err);
    if (status == TN_OK && code != SQLITE_DONE)
        status = tn_database_fail(&tn_store_kind, file->db, "cannot read", err);
    pthread_mutex_unlock(&store->blobs.mutex);
    sqlite3_finalize(stmt);
    return status;
}

static enum tn_status write_blob(struct tn_store_file *file, struct tn_store_blob *blob, struct tn_error *err)
{
    sqlite3_stmt *stmt = file->statements[TN_PUT_BLOB];

    sqlite3_bind_text(stmt, 1, blob->name, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(stmt, 2, blob->bytes, blob->size, SQLITE_STATIC);
    TN_TRY(tn_store_file_step(file, TN_PUT_BLOB, err));
    blob->changed = false;
    return TN_OK;
}

enum tn_status tn_blobs_write(struct tn_store *store, struct tn_store_file *file, struct tn_error *err)
{
    enum tn_status status = TN_OK;

    pthread_mutex_lock(&store->blobs.mutex);
    for (struct tn_store_blob *blob = store->blobs.first; status == TN_OK && blob != NULL; blob = blob->next) {
        size_t size = 0;
        void  *bytes = blob->write == NULL ? NULL : blob->write(blob->arg, &size);

        if (bytes != NULL && blob->bytes != NULL && size == blob->size && memcmp(bytes, blob->bytes, size) == 0) {
            free(bytes); /* nothing was learned since: a server that nobody asks writes nothing */
        } else if (bytes != NULL) {
            free(blob->bytes);
            blob->bytes = bytes;
            blob->size = size;
            blob->changed = true;
        }
        if (blob->changed)
            status = write_blob(file, blob, err);
    }
    pthread_mutex_unlock(&store->blobs.mutex);
    return status;
}

void tn_blobs_free(struct tn_store *store)
{
    while (store->blobs.first != NULL) {
        struct tn_store_blob *blob = store->blobs.first;

        store->blobs.first = blob->next;
        free(blob->bytes);
        tn_free(blob->name);
        tn_free(blob);
    }
}
