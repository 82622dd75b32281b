# shellcheck shell=bash
# lms.sh - a simulated LMS on each side: tests/doubles. It logs in to the
# databases with the config.yml that is deployed there; in a full world, with
# what the settings come to that the real Tutor rendered of it.

up()
{
	local old=()
	built lms || return
	until_ok 20 test -e "$S/git/$SB_REPO.git/refs/heads/$SB_BRANCH" ||
		return 1
	# or the MongoDB client library leaves counters in /dev/shm
	export MONGOC_DISABLE_SHM=1
	case $SB_FULL$SB_KUBE_SIDES in 1*old*) old=(rendered) ;; esac
	spawn lms-old "$SB_DOUBLES/lms" "$SB_OLD_LMS_ADDR:$SB_LMS_PORT" \
		"$S/deployed/old/config.yml" old "${old[@]}"
	spawn lms-new "$SB_DOUBLES/lms" "$SB_NEW_LMS_ADDR:$SB_LMS_PORT" \
		"$S/deployed/new/current/config.yml" new ${SB_FULL:+rendered}
	until_ok 5 answers "$SB_OLD_LMS_ADDR" "$SB_LMS_PORT" &&
		until_ok 5 answers "$SB_NEW_LMS_ADDR" "$SB_LMS_PORT"
}
