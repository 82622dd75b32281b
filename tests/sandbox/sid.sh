# shellcheck shell=bash
# sid.sh - packages of Debian's suite sid, unpacked and run beside the system's
# own: nothing is installed, and apt checks them by the archive's key. Sourced
# by scripts with no, which says why it can't be.

KEYS=/usr/share/keyrings/debian-archive-keyring.gpg

# sid_source: where this machine's Debian comes from also has the suite sid
sid_source()
{
	local archive
	# shellcheck disable=SC2016 # the words are apt's
	archive=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' \
		'Created-By: Packages' |
		awk -v suite="$VERSION_CODENAME" '$1 == suite {
			print $2; exit }')
	[ -n "$archive" ] || no "no archive of $VERSION_CODENAME in /etc/apt"
	printf '%s\n' 'Types: deb' "URIs: $archive" 'Suites: sid' \
		'Components: main' "Signed-By: $KEYS"
}

# sid_conf: apt with lists and state of its own, in the folder apt; without a
# package that counts as installed it fetches all that the server needs
sid_conf()
{
	mkdir -p apt/lists/partial apt/cache/archives/partial
	: >apt/status
	cat <<-C
	Dir::Etc::sourcelist "$PWD/apt/sid.sources";
	Dir::Etc::sourceparts "-";
	Dir::State::lists "$PWD/apt/lists";
	Dir::State::status "$PWD/apt/status";
	Dir::Cache "$PWD/apt/cache";
	Acquire::Languages "none";
	Acquire::Retries "3";
	APT::Get::List-Cleanup "false";
	APT::Keep-Downloaded-Packages "true";
	Debug::NoLocking "true";
	#clear DPkg::Post-Invoke;
	#clear APT::Update::Pre-Invoke;
	#clear APT::Update::Post-Invoke;
	#clear APT::Update::Post-Invoke-Success;
	C
	# The folder may lie where apt's own user cannot go.
	[ "$(id -u)" != 0 ] || echo 'APT::Sandbox::User "root";'
}

# sid_lists: the suite's lists, in the folder apt; prepares apt for the rest
sid_lists()
{
	# shellcheck disable=SC1091
	. /etc/os-release
	[ "$ID" = debian ] || no "this is $ID: the suite is Debian's"
	[ -r "$KEYS" ] || no "no $KEYS"
	mkdir apt
	sid_source >apt/sid.sources
	sid_conf >apt/apt.conf
	export APT_CONFIG=$PWD/apt/apt.conf
	apt-get -q update >apt/log 2>&1 ||
		no "no lists of sid: $(tail -n 1 apt/log)"
}

# sid_version PACKAGE: which one the suite has
sid_version()
{
	apt-cache policy "$1" | sed -n 's/^ *Candidate: //p'
}

# sid_unpack PACKAGE...: they and all they need into the folder root. What
# perl and udev bring is for installing.
sid_unpack()
{
	local deb
	apt-get -q -y --no-install-recommends --download-only install "$@" \
		>>apt/log 2>&1 ||
		no "no packages from sid: $(tail -n 1 apt/log)"
	for deb in apt/cache/archives/*.deb; do
		case ${deb##*/} in
		perl* | libperl* | *udev*) ;;
		*) dpkg -x "$deb" root ;;
		esac
	done
	rm -r apt
}
