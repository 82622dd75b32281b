# shellcheck shell=bash
# nginx.sh - the pieces that our nginx configurations are made of.
# Sourced after lib.sh.

# nginx_head NAME: everything up to the first server; all files under
# $S/ingress/NAME and $S/log
nginx_head()
{
	local d=$S/ingress/$1
	mkdir -p "$d/tmp"
	[ "$(id -u)" != 0 ] || echo 'user root;'
	cat <<C
worker_processes 1;
daemon off;
pid $d/nginx.pid;
error_log $S/log/ingress-$1.err notice;
events { worker_connections 256; }
http {
	access_log $S/log/ingress-$1.access;
	client_body_temp_path $d/tmp/body;
	proxy_temp_path $d/tmp/proxy;
	fastcgi_temp_path $d/tmp/fastcgi;
	uwsgi_temp_path $d/tmp/uwsgi;
	scgi_temp_path $d/tmp/scgi;
	client_max_body_size 0;
	map_hash_bucket_size 512;
	server_names_hash_bucket_size 128;
	server_tokens off;
	add_header X-Ingress $1 always;
C
}

# nginx_default ADDR CERT: the answer to names that nobody asked for
nginx_default()
{
	cat <<C
	server {
		listen $1:80 default_server;
		listen $1:443 ssl http2 default_server;
		ssl_certificate $2.crt;
		ssl_certificate_key $2.key;
		location / { return 404 "default backend - 404\n"; }
	}
C
}

# nginx_proxy ADDR CERT BACKEND HOSTS: hosts served by a backend, which sees
# the name that was asked for; challenges are answered from $S/ingress/www
nginx_proxy()
{
	cat <<C
	server {
		listen $1:80;
		listen $1:443 ssl http2;
		server_name $4;
		ssl_certificate $2.crt;
		ssl_certificate_key $2.key;
		location /.well-known/acme-challenge/ {
			root $S/ingress/www;
			default_type text/plain;
		}
		location / {
			proxy_pass http://$3;
			proxy_set_header Host \$host;
			proxy_set_header X-Forwarded-Proto \$scheme;
			proxy_connect_timeout 2s;
		}
	}
C
}
