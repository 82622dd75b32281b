# shellcheck shell=bash
# mongo.sh - the double of MongoDB, with roles that are enforced: tests/doubles.
# It makes its users and databases itself, from the SB_ variables.

up()
{
	[ -x "$SB_DOUBLES/mongo" ] || {
		echo "$SB_DOUBLES/mongo is not built"
		return "$LEFT_OUT"
	}
	spawn mongo "$SB_DOUBLES/mongo"
	until_ok 5 answers "$SB_MONGO_HOST" "$SB_MONGO_PORT"
}
