# shellcheck shell=bash
# s3.sh - an S3 server (versitygw) with two buckets: the old site's, with a
# few objects of every kind that a copy may get wrong, and an empty one for
# backups. Its folder of users is empty: there is one key, that of SB_S3_*.

D=$S/s3

# curl_s3 METHOD PATH ARG...: as any S3 client, curl's own signatures
curl_s3()
{
	curl -sS -f -o /dev/null -X "$1" --cacert "$S/ca/ca.crt" \
		--connect-to "::$SB_S3_ADDR:443" \
		--aws-sigv4 "aws:amz:$SB_S3_REGION:s3" \
		-K <(printf 'user = "%s:%s"\n' "$SB_S3_KEY_ID" "$SB_S3_SECRET") \
		-H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "${@:3}" \
		"$SB_S3$2"
}

# put KEY TYPE ARG...: an object; its text is read from stdin
put()
{
	curl_s3 PUT "/$SB_S3_BUCKET/$1" -H "content-type: $2" \
		--data-binary @- "${@:3}"
}

seed()
{
	curl_s3 PUT "/$SB_S3_BUCKET" && curl_s3 PUT "/$SB_S3_BACKUP_BUCKET" &&
		put submissions/1/essay.txt text/plain \
			-H 'x-amz-meta-student: 7' \
			-H 'content-disposition: attachment; filename=a.txt' \
			<<<'An essay.' &&
		put 'profile%20images/%C3%A9t%C3%A9.svg' image/svg+xml \
			-H 'cache-control: max-age=60' <<<'<svg/>' &&
		put 'odd/a%2Bb%26c%3D%22d%22%3C%27.json' application/json \
			<<<'{}' &&
		put empty application/x-empty </dev/null &&
		head -c 20000000 /dev/urandom | put export/course.tar.gz \
			application/gzip
}

up()
{
	local program
	program=$("$HERE/s3/get" place 2>&1) || {
		echo "$program"
		return "$LEFT_OUT"
	}
	leaf s3 "DNS:s3.sandbox.test,IP:$SB_S3_ADDR" &&
		mkdir -p "$D/data" "$D/meta" "$D/users" || return 1
	spawn s3 env -i PATH="$PATH" HOME="$D" GOMEMLIMIT=96MiB \
		ROOT_ACCESS_KEY="$SB_S3_KEY_ID" \
		ROOT_SECRET_KEY="$SB_S3_SECRET" \
		"$program" --port "$SB_S3_ADDR:443" --region "$SB_S3_REGION" \
		--cert "$S/ca/s3.crt" --key "$S/ca/s3.key" --keep-alive \
		--quiet --iam-dir "$D/users" \
		posix --sidecar "$D/meta" "$D/data"
	until_ok 10 answers "$SB_S3_ADDR" 443 && seed
}
