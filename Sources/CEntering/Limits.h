#pragma once

#include "CEntering.h"

/* What a command that is run in a root may not do. Each returns -1 with errno. */

/* Refuses system calls from now on, for this process and what it starts. */
int entering_install_filter(void);
/* The ioctls of it alone, for what boots a root: its init needs the rest. */
int entering_install_filter_of_boot(void);
int entering_set_capabilities(unsigned long long kept);
/* Leaves the command's capabilities, groups and user, and no way back to others. */
int entering_limit(const struct entering_command *command);
