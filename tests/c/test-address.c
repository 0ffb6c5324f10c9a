/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <gio/gunixsocketaddress.h>

#include "gudpx-address-cache-private.h"
#include "gudpx-address-private.h"

static GSocketAddress *
parse (const char *host, guint16 port)
{
  g_autoptr (GError) error = NULL;
  GSocketAddress *address = gudpx_address_parse (host, port, &error);

  g_assert_no_error (error);
  return address;
}

static void
check_equal (GSocketAddress *a, GSocketAddress *b, gboolean expected)
{
  g_assert_cmpint (gudpx_address_equal (a, b), ==, expected);
  g_assert_cmpint (gudpx_address_equal (b, a), ==, expected);
  if (expected)
    g_assert_cmpuint (gudpx_address_hash (a), ==, gudpx_address_hash (b));
}

static void
test_equal (void)
{
  g_autoptr (GSocketAddress) a = parse ("127.0.0.1", 1);
  g_autoptr (GSocketAddress) same = parse ("127.0.0.1", 1);
  g_autoptr (GSocketAddress) other_port = parse ("127.0.0.1", 2);
  g_autoptr (GSocketAddress) other_host = parse ("127.0.0.2", 1);
  g_autoptr (GSocketAddress) ipv6 = parse ("fe80::1%1", 1);
  g_autoptr (GSocketAddress) same6 = parse ("fe80:0::1%1", 1);
  g_autoptr (GSocketAddress) other_scope = parse ("fe80::1%2", 1);
  g_autoptr (GSocketAddress) path = g_unix_socket_address_new ("/a");
  g_autoptr (GSocketAddress) same_path = g_unix_socket_address_new ("/a");
  g_autoptr (GSocketAddress) other_path = g_unix_socket_address_new ("/b");
  g_autoptr (GSocketAddress) abstract =
      g_unix_socket_address_new_with_type ("/a", -1, G_UNIX_SOCKET_ADDRESS_ABSTRACT);

  check_equal (a, a, TRUE);
  check_equal (a, same, TRUE);
  check_equal (a, other_port, FALSE);
  check_equal (a, other_host, FALSE);
  check_equal (a, ipv6, FALSE);
  check_equal (ipv6, same6, TRUE);
  check_equal (ipv6, other_scope, FALSE);
  check_equal (path, same_path, TRUE);
  check_equal (path, other_path, FALSE);
  check_equal (path, abstract, FALSE);
  check_equal (path, a, FALSE);
  check_equal (NULL, a, FALSE);
  check_equal (NULL, NULL, TRUE);
}

static void
check_host (const char *host, gboolean as_ipv6, const char *expected)
{
  g_autoptr (GSocketAddress) address = parse (host, 1);
  g_autofree char *written = NULL;
  GudpxNativeAddress native;

  g_assert_true (gudpx_address_to_native (address, &native, NULL));
  if (as_ipv6)
    g_assert_true (gudpx_native_address_convert (&native, G_SOCKET_FAMILY_IPV6));
  written = gudpx_native_address_dup_host (&native);
  g_assert_cmpstr (written, ==, expected);
}

static void
test_host (void)
{
  g_autoptr (GSocketAddress) path = g_unix_socket_address_new ("/a");
  GudpxNativeAddress native;

  check_host ("192.0.2.1", FALSE, "192.0.2.1");
  check_host ("192.0.2.1", TRUE, "192.0.2.1");
  check_host ("2001:db8:0::1", FALSE, "2001:db8::1");
  check_host ("fe80::1%1", FALSE, "fe80::1%lo");
  check_host ("fe80::1%987654", FALSE, "fe80::1%987654");
  g_assert_true (gudpx_address_to_native (path, &native, NULL));
  g_assert_null (gudpx_native_address_dup_host (&native));
}

/* Converts to the kernel's form and back, also through the other family if possible. */
static void
test_convert (void)
{
  g_autoptr (GSocketAddress) ipv4 = parse ("192.0.2.7", 4711);
  g_autoptr (GSocketAddress) ipv6 = parse ("2001:db8::7", 4711);
  g_autoptr (GSocketAddress) back = NULL;
  GudpxNativeAddress native;

  g_assert_true (gudpx_address_to_native (ipv4, &native, NULL));
  g_assert_true (gudpx_native_address_convert (&native, G_SOCKET_FAMILY_IPV6));
  g_assert_cmpint (gudpx_native_address_get_family (&native), ==, G_SOCKET_FAMILY_IPV6);
  g_assert_true (gudpx_native_address_is_ipv4 (&native));
  g_assert_cmpuint (gudpx_native_address_get_port (&native), ==, 4711);
  back = gudpx_native_address_to_object (&native);
  g_assert_true (gudpx_address_equal (back, ipv4));
  g_assert_true (gudpx_native_address_convert (&native, G_SOCKET_FAMILY_IPV4));
  g_assert_cmpint (gudpx_native_address_get_family (&native), ==, G_SOCKET_FAMILY_IPV4);
  g_assert_false (gudpx_native_address_convert (&native, G_SOCKET_FAMILY_UNIX));

  g_assert_true (gudpx_address_to_native (ipv6, &native, NULL));
  g_assert_false (gudpx_native_address_convert (&native, G_SOCKET_FAMILY_IPV4));
}

/* The cache has a limit, and returns right results for any input. */
static void
test_cache (void)
{
  GudpxAddressCache *cache = gudpx_address_cache_new ();
  GudpxNativeAddress native = { .length = sizeof native.u.in, .u.in.sin_family = AF_INET };
  GSocketAddress *first;

  native.u.in.sin_addr.s_addr = htonl (0x7f000001);
  native.u.in.sin_port = htons (1);
  first = gudpx_address_cache_lookup (cache, &native);
  g_assert_true (gudpx_address_cache_lookup (cache, &native) == first);

  for (guint i = 1; i < 60000; i++)
    {
      GSocketAddress *address;

      native.u.in.sin_port = htons (i);
      address = gudpx_address_cache_lookup (cache, &native);
      g_assert_cmpuint (g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)), ==, i);
      g_assert_true (gudpx_address_cache_lookup (cache, &native) == address);
    }

  native.length = sizeof (sa_family_t);
  native.u.any.sa_family = AF_UNIX;
  g_assert_null (gudpx_address_cache_lookup (cache, &native));
  gudpx_address_cache_free (cache);
}

/* A padded sockaddr names the same path as the kernel's own. The zero byte after the path does not
 * belong to it. */
static void
test_path_length (void)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new ("/a/path");
  g_autoptr (GSocketAddress) object = NULL;
  GudpxNativeAddress native;

  g_assert_true (gudpx_address_to_native (address, &native, NULL));
  g_assert_cmpuint (native.length, ==,
                    G_STRUCT_OFFSET (struct sockaddr_un, sun_path) + sizeof "/a/path");

  object = gudpx_native_address_to_object (&native);
  g_assert_cmpuint (g_unix_socket_address_get_path_len (G_UNIX_SOCKET_ADDRESS (object)), ==,
                    strlen ("/a/path"));
}

static GudpxNativeAddress
make_ipv4 (guint32 host, guint16 number)
{
  GudpxNativeAddress native = { .length = sizeof native.u.in, .u.in.sin_family = AF_INET };

  native.u.in.sin_addr.s_addr = htonl (host);
  native.u.in.sin_port = htons (number);
  return native;
}

/* A multiplication keeps a difference in the highest bit there. So addresses that cancel the
 * difference of two numbers used to collide with every seed. */
static void
test_hash_differences (void)
{
  guint n_collisions = 0;

  for (guint32 seed = 0; seed < 1000; seed++)
    {
      GudpxNativeAddress a = make_ipv4 (0x0a000001, 1000);
      GudpxNativeAddress b = make_ipv4 (0x0a000001, 1000 ^ 0x80);
      guint32 difference = 0x80000000u | (0x80000000u >> 15);

      b.u.in.sin_addr.s_addr ^= difference;
      n_collisions +=
          gudpx_native_address_hash (&a, seed) == gudpx_native_address_hash (&b, seed);
    }
  g_assert_cmpuint (n_collisions, <, 10);
}

#define N_BUCKETS 4096

static guint
count_buckets (const GArray *addresses, guint32 seed)
{
  g_autofree guint8 *is_hit = g_new0 (guint8, N_BUCKETS);
  guint n = 0;

  for (guint i = 0; i < addresses->len; i++)
    {
      const GudpxNativeAddress *native = &g_array_index (addresses, GudpxNativeAddress, i);

      is_hit[gudpx_native_address_hash (native, seed) % N_BUCKETS] = TRUE;
    }
  for (guint i = 0; i < N_BUCKETS; i++)
    n += is_hit[i];
  return n;
}

/* Addresses that an attacker has found to share a bucket share it with this seed only. */
static void
test_hash_seeds (void)
{
  g_autoptr (GArray) addresses = g_array_new (FALSE, FALSE, sizeof (GudpxNativeAddress));

  for (guint i = 0; addresses->len < 100; i++)
    {
      GudpxNativeAddress native = make_ipv4 (0x0a000000 + i / 60000, 1 + i % 60000);

      if (gudpx_native_address_hash (&native, 4711) % N_BUCKETS == 0)
        g_array_append_val (addresses, native);
    }
  g_assert_cmpuint (count_buckets (addresses, 4711), ==, 1);
  for (guint32 seed = 0; seed < 64; seed++)
    g_assert_cmpuint (count_buckets (addresses, seed), >, 80);
}

/* The distribution is as even as a random one: 4096 addresses leave a third of 4096 buckets
 * empty. */
static void
check_spread (GSocketFamily family)
{
  g_autoptr (GArray) addresses = g_array_new (FALSE, FALSE, sizeof (GudpxNativeAddress));

  for (guint i = 0; i < N_BUCKETS; i++)
    {
      GudpxNativeAddress native = make_ipv4 (0x0a000000 + (i & 63), 1024 + (i >> 6));

      gudpx_native_address_convert (&native, family);
      g_array_append_val (addresses, native);
    }
  for (guint32 seed = 0; seed < 16; seed++)
    {
      g_assert_cmpuint (count_buckets (addresses, seed), >, N_BUCKETS * 0.60);
      g_assert_cmpuint (count_buckets (addresses, seed), <, N_BUCKETS * 0.67);
    }
}

static void
test_hash_spread (void)
{
  check_spread (G_SOCKET_FAMILY_IPV4);
  check_spread (G_SOCKET_FAMILY_IPV6);
}

/* Equal addresses have equal hashes: padding and flow information are ignored, everything else
 * counts. */
static void
test_hash_equal (void)
{
  GudpxNativeAddress a = make_ipv4 (0x0a000001, 1000);
  GudpxNativeAddress b = a;
  guint32 hash;

  b.u.in.sin_zero[3] = 7;
  g_assert_cmpuint (gudpx_native_address_hash (&a, 1), ==, gudpx_native_address_hash (&b, 1));

  g_assert_true (gudpx_native_address_convert (&a, G_SOCKET_FAMILY_IPV6));
  b = a;
  b.u.in6.sin6_flowinfo = 7;
  g_assert_true (gudpx_native_address_equal (&a, &b));
  hash = gudpx_native_address_hash (&a, 1);
  g_assert_cmpuint (hash, ==, gudpx_native_address_hash (&b, 1));
  b.u.in6.sin6_scope_id = 7;
  g_assert_cmpuint (hash, !=, gudpx_native_address_hash (&b, 1));
  b = a;
  b.u.in6.sin6_port ^= 1;
  g_assert_cmpuint (hash, !=, gudpx_native_address_hash (&b, 1));
  for (guint i = 0; i < 16; i++)
    {
      b = a;
      b.u.in6.sin6_addr.s6_addr[i] ^= 1;
      g_assert_cmpuint (hash, !=, gudpx_native_address_hash (&b, 1));
    }
}

/* Paths of any length work, and each byte of them counts. */
static void
test_hash_path (void)
{
  g_autoptr (GHashTable) hashes = g_hash_table_new (NULL, NULL);
  GudpxNativeAddress native = { .u.un.sun_family = AF_UNIX };

  for (gsize i = 0; i < sizeof native.u.un.sun_path; i++)
    {
      native.u.un.sun_path[i] = 'x';
      native.length = G_STRUCT_OFFSET (struct sockaddr_un, sun_path) + i + 1;
      g_hash_table_add (hashes, GUINT_TO_POINTER (gudpx_native_address_hash (&native, 1)));
      native.u.un.sun_path[i] = 'y';
      g_hash_table_add (hashes, GUINT_TO_POINTER (gudpx_native_address_hash (&native, 1)));
    }
  g_assert_cmpuint (g_hash_table_size (hashes), ==, 2 * sizeof native.u.un.sun_path);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/address/equal", test_equal);
  g_test_add_func ("/address/convert", test_convert);
  g_test_add_func ("/address/host", test_host);
  g_test_add_func ("/address/cache", test_cache);
  g_test_add_func ("/address/path-length", test_path_length);
  g_test_add_func ("/address/hash-differences", test_hash_differences);
  g_test_add_func ("/address/hash-seeds", test_hash_seeds);
  g_test_add_func ("/address/hash-spread", test_hash_spread);
  g_test_add_func ("/address/hash-equal", test_hash_equal);
  g_test_add_func ("/address/hash-path", test_hash_path);

  return g_test_run ();
}
