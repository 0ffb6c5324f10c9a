/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(GUDPX_INSIDE) && !defined(GUDPX_COMPILATION)
#error "Only <gudpx/gudpx.h> can be included directly."
#endif

#include <glib.h>

#ifndef _GUDPX_EXTERN
#define _GUDPX_EXTERN extern
#endif

/**
 * GUDPX_VERSION_1_0: (skip)
 *
 * Version 1.0, for %GUDPX_VERSION_MIN_REQUIRED and %GUDPX_VERSION_MAX_ALLOWED.
 *
 * Since: 1.0
 */
#define GUDPX_VERSION_1_0 (G_ENCODE_VERSION (1, 0))

/**
 * GUDPX_VERSION_1_1: (skip)
 *
 * Version 1.1, for %GUDPX_VERSION_MIN_REQUIRED and %GUDPX_VERSION_MAX_ALLOWED.
 *
 * Since: 1.1
 */
#define GUDPX_VERSION_1_1 (G_ENCODE_VERSION (1, 1))

/**
 * GUDPX_VERSION_MIN_REQUIRED: (skip)
 *
 * Sets the oldest version that a program supports. If you define it before including the header,
 * the compiler does not warn about functions that were deprecated in later versions.
 *
 * Since: 1.0
 */
#ifndef GUDPX_VERSION_MIN_REQUIRED
#define GUDPX_VERSION_MIN_REQUIRED (GUDPX_VERSION_1_0)
#endif

/**
 * GUDPX_VERSION_MAX_ALLOWED: (skip)
 *
 * Sets the newest version that a program may use. If you define it before including the header, the
 * compiler warns about the use of functions that came in later versions.
 *
 * Since: 1.0
 */
#ifndef GUDPX_VERSION_MAX_ALLOWED
#define GUDPX_VERSION_MAX_ALLOWED (G_ENCODE_VERSION (GUDPX_MAJOR_VERSION, GUDPX_MINOR_VERSION))
#endif

#if GUDPX_VERSION_MAX_ALLOWED < GUDPX_VERSION_1_0
#define GUDPX_AVAILABLE_IN_1_0 G_UNAVAILABLE (1, 0) _GUDPX_EXTERN
#else
#define GUDPX_AVAILABLE_IN_1_0 _GUDPX_EXTERN
#endif

#if GUDPX_VERSION_MAX_ALLOWED < GUDPX_VERSION_1_1
#define GUDPX_AVAILABLE_IN_1_1 G_UNAVAILABLE (1, 1) _GUDPX_EXTERN
#else
#define GUDPX_AVAILABLE_IN_1_1 _GUDPX_EXTERN
#endif
