# shellcheck shell=bash
# mongo.sh - the double of MongoDB, with roles that are enforced; see
# tests/doubles. It makes its users and databases itself, from SB_ variables.

up()
{
	built mongo || return
	spawn mongo "$SB_DOUBLES/mongo"
	until_ok 5 answers "$SB_MONGO_HOST" "$SB_MONGO_PORT"
}
