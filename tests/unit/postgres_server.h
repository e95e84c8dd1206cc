/* postgres_server.h - a private PostgreSQL 15 for a test: its own data folder, a free port, TLS and SCRAM on. */
#ifndef TN_TESTS_POSTGRES_SERVER_H
#define TN_TESTS_POSTGRES_SERVER_H

#include "base/clock.h"
#include "base/rand.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PG_BIN "/usr/lib/postgresql/15/bin"
#define PG_USER "tester"
#define PG_PASSWORD "s3cret-word"

struct pg_server {
    char  dir[64];
    int   port;
    pid_t pid;
};

static inline void pg_exec_child(const char *const argv[])
{
    const char *full[48] = {"setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig", "INT"};
    char       *writable[48];
    int         n = geteuid() == 0 ? 6 : 0; /* the server refuses root */

    for (int i = 0; argv[i] != NULL && n < 47; i++)
        full[n++] = argv[i];
    full[n] = NULL;
    memcpy(writable, full, sizeof writable); /* execvp() does not write, but says so only in its manual */
    execvp(writable[0], writable);
    _exit(127);
}

static inline pid_t pg_spawn(const char *log, const char *const argv[])
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    if (freopen(log, "a", stdout) == NULL || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
        _exit(126);
    setsid();
    pg_exec_child(argv);
    return -1;
}

static inline bool pg_run(const char *log, const char *const argv[])
{
    int   status = 0;
    pid_t pid = pg_spawn(log, argv);

    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The first port that the system gives to whoever asks for any. */
static inline int pg_first_local_port(void)
{
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "r");
    int   low = 32768;

    if (file != NULL && fscanf(file, "%d", &low) != 1)
        low = 32768;
    if (file != NULL)
        fclose(file);
    return low;
}

/* One that nobody is given who asks for any: it stays free while the server is down. */
static inline int pg_free_port(void)
{
    enum { FIRST = 10000, TRIES = 200 };
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct tn_rand     rand = {.state = tn_clock_wall_us() ^ (uint64_t)getpid() << 40};
    socklen_t          len = sizeof at;
    int                last = pg_first_local_port(), fd = socket(AF_INET, SOCK_STREAM, 0), port = 0;

    for (int i = 0; i <= TRIES && fd >= 0 && port == 0; i++) {
        at.sin_port = htons(i < TRIES && last > FIRST ? (uint16_t)(FIRST + tn_rand_below(&rand, (uint64_t)(last - FIRST))) : 0);
        if (bind(fd, (struct sockaddr *)&at, len) == 0 && getsockname(fd, (struct sockaddr *)&at, &len) == 0)
            port = ntohs(at.sin_port);
    }
    close(fd);
    return port;
}

static inline bool pg_write(const char *dir, const char *name, const char *mode, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static inline bool pg_write(const char *dir, const char *name, const char *mode, const char *fmt, ...)
{
    char    path[256];
    FILE   *file;
    va_list args;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    file = fopen(path, mode);
    if (file == NULL)
        return false;
    va_start(args, fmt);
    vfprintf(file, fmt, args);
    va_end(args);
    return fclose(file) == 0;
}

static inline bool pg_ready(const struct pg_server *s)
{
    char text[200];

    snprintf(text, sizeof text, "host=127.0.0.1 port=%d user=" PG_USER " dbname=postgres connect_timeout=2", s->port);
    for (int i = 0; i < 2400; i++) {
        siginfo_t end = {.si_pid = 0};

        if (waitid(P_PID, (id_t)s->pid, &end, WEXITED | WNOHANG | WNOWAIT) != 0 || end.si_pid != 0)
            return false; /* its port was taken meanwhile: who answers there is another's */
        if (PQping(text) == PQPING_OK)
            return true;
        usleep(50 * 1000);
    }
    return false;
}

/* Starts (again) on the folder and port of S. */
static inline bool pg_server_up(struct pg_server *s)
{
    char        log[96], port[16], data[96];
    const char *argv[] = {PG_BIN "/postgres", "-D", data, "-p", port, NULL};

    snprintf(log, sizeof log, "%s/server.log", s->dir);
    snprintf(data, sizeof data, "%s/data", s->dir);
    snprintf(port, sizeof port, "%d", s->port);
    s->pid = pg_spawn(log, argv);
    return s->pid > 0 && pg_ready(s);
}

static inline void pg_server_down(struct pg_server *s, int signal)
{
    if (s->pid <= 0)
        return;
    kill(s->pid, signal);
    while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    s->pid = -1;
}

static inline bool pg_configure(const struct pg_server *s)
{
    char data[96];

    snprintf(data, sizeof data, "%s/data", s->dir);
    return pg_write(data, "postgresql.conf", "a",
                    "listen_addresses='127.0.0.1'\nunix_socket_directories='%s'\nssl=on\nssl_cert_file='%s/server.crt'\n"
                    "ssl_key_file='%s/server.key'\nmax_connections=100\nfsync=off\nsynchronous_commit=off\n"
                    "full_page_writes=off\ntimezone='UTC'\nshared_buffers=32MB\n",
                    s->dir, s->dir, s->dir);
}

/* A free port may be taken before the server has it. */
static inline bool pg_up_somewhere(struct pg_server *s)
{
    for (int i = 0; i < 5; i++) {
        s->port = pg_free_port();
        if (pg_server_up(s))
            return true;
        pg_server_down(s, SIGKILL);
    }
    return false;
}

/* False: WHY says what is missing or failed. End with pg_server_stop(). */
static inline bool pg_server_start(struct pg_server *s, const char **why)
{
    struct passwd *user = getpwnam("postgres");
    char           log[96], data[96], pwfile[110], crt[96], key[96];
    const char    *initdb[] = {PG_BIN "/initdb", "-D", data, "-U", PG_USER, pwfile, "--auth-local=trust",
                               "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "-N", NULL};
    const char    *openssl[] = {"openssl", "req", "-new", "-x509", "-days", "3650", "-nodes", "-subj", "/CN=localhost",
                                "-out", crt, "-keyout", key, NULL};

    *s = (struct pg_server){.pid = -1};
    if (access(PG_BIN "/initdb", X_OK) != 0 || (geteuid() == 0 && user == NULL)) {
        *why = "PostgreSQL 15 is not installed (package postgresql-15)";
        return false;
    }
    snprintf(s->dir, sizeof s->dir, "/tmp/tn-pg-XXXXXX");
    *why = "the private PostgreSQL does not start: see server.log in its folder";
    if (mkdtemp(s->dir) == NULL || (geteuid() == 0 && chown(s->dir, user->pw_uid, user->pw_gid) != 0))
        return false;
    snprintf(log, sizeof log, "%s/server.log", s->dir);
    snprintf(data, sizeof data, "%s/data", s->dir);
    snprintf(pwfile, sizeof pwfile, "--pwfile=%s/pw", s->dir);
    snprintf(crt, sizeof crt, "%s/server.crt", s->dir);
    snprintf(key, sizeof key, "%s/server.key", s->dir);
    if (!pg_write(s->dir, "pw", "w", PG_PASSWORD "\n") || chmod(s->dir, 0755) != 0 || !pg_write(s->dir, "server.log", "a", "%s", ""))
        return false;
    if (geteuid() == 0 && chown(log, user->pw_uid, user->pw_gid) != 0)
        return false;
    return pg_run(log, initdb) && pg_run(log, openssl) && chmod(key, 0600) == 0 && pg_configure(s) && pg_up_somewhere(s);
}

static inline void pg_server_stop(struct pg_server *s)
{
    const char *rm[] = {"rm", "-rf", s->dir, NULL};

    pg_server_down(s, SIGINT);
    if (strncmp(s->dir, "/tmp/tn-pg-", 11) == 0)
        pg_run("/dev/null", rm);
}

#endif
