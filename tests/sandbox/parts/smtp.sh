# shellcheck shell=bash
# smtp.sh - the mail server that the old site sends by: a double (tests/doubles)
# that takes logins and no mail.

up()
{
	built smtp && leaf smtp "IP:$SB_SMTP_ADDR" || return
	spawn smtp "$SB_DOUBLES/smtp" "$SB_SMTP_ADDR" "$S/ca/smtp.crt" \
		"$S/ca/smtp.key" "$S/smtp.counters"
	until_ok 5 answers "$SB_SMTP_ADDR" 587
}
