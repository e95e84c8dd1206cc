/* main.c - the `turnout` program. What it can do is in tools/cli/commands.def; serving is serve.c. */
#include "serve.h"
#include "tools/cli/cli.h"

int main(int argc, char **argv)
{
    return tn_cli_run(argc, argv, tn_serve);
}
