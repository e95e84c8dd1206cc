#include "auth/saslprep.h"

#include <stringprep.h>

static bool is_ascii(struct tn_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] >= 0x80)
            return false;
    return true;
}

bool tn_saslprep(struct tn_str password, char out[4 * TN_PASSWORD_MAX], size_t *len)
{
    *len = 0;
    if (password.len > TN_PASSWORD_MAX || (password.len > 0 && memchr(password.ptr, '\0', password.len) != NULL))
        return false;
    tn_str_copy(out, TN_PASSWORD_MAX + 1, password);
    *len = password.len;
    if (is_ascii(password) || tn_utf8_valid_prefix(password.ptr, password.len) != password.len)
        return true;
    if (stringprep(out, 4 * TN_PASSWORD_MAX, STRINGPREP_NO_UNASSIGNED, stringprep_saslprep) == STRINGPREP_OK && out[0] != '\0')
        *len = strlen(out);
    else
        tn_str_copy(out, TN_PASSWORD_MAX + 1, password);
    return true;
}
