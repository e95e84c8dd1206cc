#include "tools/cli/typed.h"

#include "base/compiler.h"

#include <signal.h>
#include <stdio.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

static const int ENDS[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGTSTP};

static volatile sig_atomic_t came;

static void on_signal(int number)
{
    came = number;
}

bool tn_cli_has_terminal(void)
{
    struct termios unused;

    return isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &unused) == 0;
}

struct signals { /* as they were */
    struct sigaction action[TN_ARRAY_LEN(ENDS)];
    sigset_t         mask;
};

/* They come only where somebody waits for them. */
static void hold_signals(struct signals *before)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t         held;

    sigemptyset(&held);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < TN_ARRAY_LEN(ENDS); i++)
        sigaddset(&held, ENDS[i]);
    sigprocmask(SIG_BLOCK, &held, &before->mask);
    for (size_t i = 0; i < TN_ARRAY_LEN(ENDS); i++) {
        sigaction(ENDS[i], NULL, &before->action[i]);
        if (before->action[i].sa_handler != SIG_IGN)
            sigaction(ENDS[i], &action, NULL);
    }
}

static void release_signals(const struct signals *before)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(ENDS); i++)
        sigaction(ENDS[i], &before->action[i], NULL);
    sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/* A terminal is readable when there is a line. False: a signal came instead. */
static bool wait_for_line(const sigset_t *mask)
{
    fd_set input;

    FD_ZERO(&input);
    FD_SET(STDIN_FILENO, &input);
    return pselect(STDIN_FILENO + 1, &input, NULL, NULL, NULL, mask) == 1;
}

static void take_silently(const char *prompt, void (*take)(void *arg), void *arg)
{
    struct signals before;
    struct termios old, silent;

    came = 0;
    tcgetattr(STDIN_FILENO, &old);
    hold_signals(&before);
    fprintf(stderr, "%s: ", prompt);
    silent = old;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    if (wait_for_line(&before.mask))
        take(arg);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
    fputc('\n', stderr);
    release_signals(&before);
}

void tn_cli_typed(const char *prompt, void (*take)(void *arg), void *arg)
{
    if (!tn_cli_has_terminal()) {
        take(arg);
        return;
    }
    do {
        take_silently(prompt, take, arg);
        if (came != 0)
            raise(came);
    } while (came != 0); /* it was stopped, and goes on */
}
