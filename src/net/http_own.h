/*
 * http_own - what http.c shares with http_socket.c: the handle itself.
 */
#ifndef NET_HTTP_OWN_H
#define NET_HTTP_OWN_H

#include <stdbool.h>

enum { HTTP_DETAIL = 256 };	/* as CURL_ERROR_SIZE */

struct http {
	void *easy;		/* curl's handle */
	char *ca_file;		/* of the caller, or the system's bundle */
	char *ca_folder;	/* hashed links; then ca_file waits */
	char *dns_servers;
	bool unsent;
	char detail[HTTP_DETAIL];
};

#endif
