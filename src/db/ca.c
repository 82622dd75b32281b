/* ca - where the distributions keep their bundle of roots. */
#include "db/ca.h"

#include <stddef.h>

#include "base/file.h"

static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
	NULL
};

const char *
ca_file(const char *given)
{
	if (given != NULL)
		return given;
	for (size_t i = 0; bundles[i] != NULL; i++)
		if (file_exists(bundles[i]))
			return bundles[i];
	return NULL;
}
