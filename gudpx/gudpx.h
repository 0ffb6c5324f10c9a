/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#define GUDPX_INSIDE

#include <gudpx/gudpx-version.h>
#include <gudpx/gudpx-version-macros.h>
#include <gudpx/gudpx-types.h>
#include <gudpx/gudpx-enums.h>
#include <gudpx/gudpx-address.h>
#include <gudpx/gudpx-datagram.h>
#include <gudpx/gudpx-datagram-protocol.h>
#include <gudpx/gudpx-error-details.h>
#include <gudpx/gudpx-statistics.h>
#include <gudpx/gudpx-port.h>
#include <gudpx/gudpx-port-group.h>
#include <gudpx/gudpx-listen.h>
#include <gudpx/gudpx-resolve.h>

#undef GUDPX_INSIDE
