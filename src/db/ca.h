/*
 * ca - which file of root certificates a database client trusts.
 *
 * A static program's OpenSSL knows no store of its own, so the file must be
 * named to the client libraries.
 */
#ifndef DB_CA_H
#define DB_CA_H

/* `given`, or else the system's bundle; NULL if there is none. */
const char *ca_file(const char *given);

#endif
