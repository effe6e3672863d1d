/* libmount, which knows the mount table and fstab, for the companion. */
#pragma once

#include <libmount/libmount.h>
