/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The load for a subject. The program prints the measurement as one line of JSON.
 *
 *   load mode=echo|receive|hold|send pid=PID port=PORT [NAME=VALUE]...
 *
 *   echo     keeps “window” datagrams outstanding; the subject sends them back
 *   receive  sends as fast as the subject reads; the subject does not answer
 *   hold     is “receive”, but stops the subject while its socket is filled
 *   send     keeps “window” datagrams outstanding; the subject answers each with 64 copies
 *
 *   size=64 window=64 milliseconds=100 peers=1 ports=1 gso=0 gro=0 rate=0 (a second, for window=1)
 *
 * Peers are addresses of 127/8; one socket sends from all of them. The CPU time is read from the
 * clock of the subject's process, so the subject does not measure itself. */

#include "load-socket.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COPIES 64 /* answers of a subject to each datagram in the mode “send” */
#define MAX_SAMPLES 1000000
#define LOSS_NS (1000 * 1000 * 1000)
#define MAX_TRIES 50 /* until the subject has handled the first datagram */

typedef struct
{
  uint64_t datagrams;
  uint64_t lost;
  int64_t cpu_ns;
  int64_t wall_ns;
} Counters;

static clockid_t subject_clock;
static Counters now;
static uint32_t *samples;
static size_t n_samples;

static int64_t
read_clock (clockid_t clock)
{
  struct timespec time;

  if (clock_gettime (clock, &time) < 0)
    die ("the subject's clock");
  return time.tv_sec * INT64_C (1000000000) + time.tv_nsec;
}

static int64_t
wall (void)
{
  return read_clock (CLOCK_MONOTONIC);
}

static void
parse_option (const char *argument)
{
  const struct
  {
    const char *name;
    long *value;
  } numbers[] = {
    { "pid=", &options.pid },         { "port=", &options.port },   { "size=", &options.size },
    { "window=", &options.window },   { "peers=", &options.peers }, { "ports=", &options.ports },
    { "gso=", &options.gso },         { "gro=", &options.gro },     { "rate=", &options.rate },
    { "milliseconds=", &options.milliseconds },
  };

  if (strncmp (argument, "mode=", 5) == 0)
    {
      options.mode = argument + 5;
      return;
    }
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    {
      size_t length = strlen (numbers[i].name);

      if (strncmp (argument, numbers[i].name, length) == 0)
        {
          *numbers[i].value = atol (argument + length);
          return;
        }
    }
  errno = EINVAL;
  die (argument);
}

static Counters
mark (void)
{
  Counters counters = now;

  counters.cpu_ns = read_clock (subject_clock);
  counters.wall_ns = wall ();
  return counters;
}

static void
add_sample (int64_t nanoseconds)
{
  if (n_samples < MAX_SAMPLES)
    samples[n_samples++] = nanoseconds;
}

/* Keeps the window full until the time is over. Each datagram is answered with @n_answers. */
static void
exchange (long n_answers, int64_t end)
{
  long outstanding = 0;
  long n_unsent = options.window;
  int64_t sent = wall ();
  int64_t last = sent;

  while (last < end)
    {
      long n;

      if (options.rate > 0)
        {
          int64_t due = sent + 1000000000 / options.rate;

          while (wall () < due)
            ;
        }
      if (n_unsent > 0)
        {
          sent = wall ();
          send_datagrams (n_unsent);
          outstanding += n_unsent * n_answers;
          n_unsent = 0;
        }

      n = 0;
      while (n == 0 && (n = receive_datagrams ()) == 0 && wall () - last < LOSS_NS)
        ;
      last = wall ();
      if (n == 0)
        {
          now.lost += outstanding;
          outstanding = 0;
        }
      else
        {
          now.datagrams += n;
          outstanding -= n < outstanding ? n : outstanding;
          if (options.window == 1 && n_answers == 1)
            add_sample (last - sent);
        }
      n_unsent = options.window - (outstanding + n_answers - 1) / n_answers;
    }

  /* Datagrams that are still on the way must not reach the next measurement. */
  while (outstanding > 0 && wall () - last < LOSS_NS)
    outstanding -= receive_datagrams ();
}

static void
settle (uint64_t limit)
{
  int64_t end = wall () + LOSS_NS;

  while (read_queue ().bytes > limit && wall () < end)
    ;
}

/* Fills a quarter of the subject's receive buffer. */
static void
fill (void)
{
  long burst = get_queue_capacity () / 16 / (options.size + 1024) / 64 * 64;

  if (burst < 64)
    burst = 64;
  do
    {
      send_datagrams (burst);
      now.datagrams += burst;
    }
  while (read_queue ().bytes < get_queue_capacity () / 4);
}

/* Sends so that the subject always finds a datagram to read. */
static void
stream (int64_t end)
{
  while (wall () < end)
    {
      fill ();
      settle (get_queue_capacity () / 8);
    }
  settle (0);
}

/* Stops the subject while the socket is filled, for a load that is slower than the subject. */
static void
hold (int64_t end)
{
  while (wall () < end)
    {
      if (kill (options.pid, SIGSTOP) < 0)
        die ("kill");
      fill ();
      kill (options.pid, SIGCONT);
      settle (0);
    }
}

/* Counts the datagrams that the subject received: not those that its socket dropped. */
static void
flood (void (*how) (int64_t end), int64_t end)
{
  uint64_t drops = read_queue ().drops;

  how (end);
  drops = read_queue ().drops - drops;
  now.datagrams -= drops;
  now.lost += drops;
}

static void
run (int64_t end)
{
  if (strcmp (options.mode, "echo") == 0)
    exchange (1, end);
  else if (strcmp (options.mode, "send") == 0)
    exchange (COPIES, end);
  else if (strcmp (options.mode, "hold") == 0)
    flood (hold, end);
  else
    flood (stream, end);
}

static int
compare_samples (const void *a, const void *b)
{
  uint32_t x = *(const uint32_t *) a;
  uint32_t y = *(const uint32_t *) b;

  return (x > y) - (x < y);
}

static uint32_t
percentile (double percent)
{
  return n_samples == 0 ? 0 : samples[(size_t) ((n_samples - 1) * percent / 100)];
}

int
main (int argc, char **argv)
{
  Counters start, end;

  for (int i = 1; i < argc; i++)
    parse_option (argv[i]);
  if (options.mode == NULL || clock_getcpuclockid (options.pid, &subject_clock) != 0)
    die ("mode= and pid= are needed");
  samples = malloc (MAX_SAMPLES * sizeof *samples);
  if (samples == NULL)
    die ("malloc");

  open_socket ();
  run (wall () + options.milliseconds * 200000);
  n_samples = 0;
  start = mark ();
  for (int i = 0; i < MAX_TRIES && now.datagrams == start.datagrams; i++)
    run (wall () + options.milliseconds * 1000000);
  end = mark ();

  qsort (samples, n_samples, sizeof *samples, compare_samples);
  printf ("{\"datagrams\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"cpu_ns\": %" PRId64
          ", \"wall_ns\": %" PRId64 ", \"p50_ns\": %u, \"p90_ns\": %u, \"p99_ns\": %u}\n",
          end.datagrams - start.datagrams, end.lost - start.lost, end.cpu_ns - start.cpu_ns,
          end.wall_ns - start.wall_ns, percentile (50), percentile (90), percentile (99));
  free (samples);
  return 0;
}
