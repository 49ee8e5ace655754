#!/usr/bin/env bats
# also: check
# only: build
# What bash offers where a word is typed. (completions/check sees that the files are what the tables give.)

load ../helper

compopt() { :; } # it exists in a completion only

# The words that are offered for the last one; bash takes "name=value" for three.
offered() { # WORD...
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	# shellcheck source=/dev/null
	source "$ROOT/completions/bash/$1"
	"_$1"
	echo "${COMPREPLY[*]}"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	echo secret >credentials
	printf '#!/bin/sh\n' >counting
	chmod +x counting
}

@test "options, and the names that their values have" {
	same "--max-connections" "$(offered wsserve --max-conn)"
	same "debug" "$(offered wsserve --loglevel d)"
	same "delay" "$(offered wsserve --fault = del)"
	same "delay drop duplicate" "$(offered wsserve --self-signed --fault d)"
	same "ping pong" "$(offered wsframe --only p)"
	same "text,ping text,pong" "$(offered wsframe --only = text,p)"
	same "seq" "$(offered wsbench --match s)"
}

@test "@FILE: a secret or a message" {
	same "@credentials" "$(offered wscat --auth = @cred)"
	same "@credentials" "$(offered wscat --auth @cred)"
	same "@credentials" "$(offered wscat 8080 @cred)"
	same "@credentials" "$(offered wsserve --token @cred)"
}

@test "the first word of wsserve's that is no option is a command or a file" {
	[[ " $(offered wsserve --port = 8080 counti) " == *" counting "* ]]
	[[ " $(offered wsserve -p 8080 --listen unix : /x true) " == *" true "* ]]
	[[ " $(offered wsserve -p 8080 -q tru) " == *" true "* ]]
}

@test "once it has begun only files are offered" {
	same "" "$(offered wsserve --port 8080 cat --max-conn)"
	same "" "$(offered wsserve cat --loglevel d)"
	same "credentials" "$(offered wsserve --listen = unix : /x cat cred)"
	same "credentials" "$(offered wsserve --health cat -n cred)"
}
