/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* As in Linux 6.1, which is Debian 12's: what came later is not there */
#include_next <asm/socket.h>

#undef SO_PEERPIDFD
