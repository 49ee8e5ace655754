#!/usr/bin/env bats
# only: build
# Clients of several nodes, and a Redis: 1,000 clients in 20 rooms, spread over the nodes, publish 100,000
# messages, 100 each. Every one is for the others of its room, about 49, on all nodes: 4,900,000 deliveries.

load ../cli/helper
load ../cli/redis

export PATIENCE=150 # a quarter of the messages takes half a minute where the machine has other work

# Nodes 1 to COUNT and the clients; `each` is how many messages a client sends in all.
crowd_on() { # COUNT
	local n ports=() clients=1000
	each=100
	redis_runs
	for ((n = 1; n <= $1; n++)); do
		# The clients take each frame for a message: pings, after a slow minute, would be wrong ones.
		node_runs "$n" --rooms -t "$n" --max-connections=0 --ping-interval=0
		ports+=("$(port_of "$n")")
	done
	mkfifo "$BATS_TEST_TMPDIR/commands"
	exec 4<>"$BATS_TEST_TMPDIR/commands"
	background "$PYTHON" "$FIXTURES/rooms_crowd.py" "$clients" 20 "${ports[@]}" <&4
	crowd=$OUT
	await '^open$' "$crowd"
	for ((n = 1; n <= $1; n++)); do
		eventually counts "$n" topics 20
		eventually healthy "$n"
	done
	eventually all_subscribed "$1"
}

port_of() { # N
	local url=${NODE_URL[$1]%/}
	echo "${url##*:}"
}

healthy() { # N
	curl -s "${NODE_ADMIN[$1]}/health" | grep -q '"ok"'
}

degraded() { # N
	curl -s "${NODE_ADMIN[$1]}/health" | grep -q '"degraded"'
}

all_subscribed() { # NODES
	local channels
	mapfile -t channels < <(redis PUBSUB CHANNELS '{chat}*')
	((${#channels[@]} == 20)) &&
		(($(redis PUBSUB NUMSUB "${channels[@]}" | awk 'NR % 2 == 0 { n += $1 } END { print n }') == 20 * $1))
}

# Gives the clients a command and waits for the answer.
asks() { # COMMAND ANSWER
	local answers
	answers=$(wc -l <"$crowd")
	echo "$1" >&4
	eventually answered $((answers + 1))
	same "$2" "$(tail -n 1 "$crowd")"
}

answered() { # LINES
	(($(wc -l <"$crowd") >= $1))
}

reported() { # FILTER
	tail -n 1 "$crowd" | jq "$1"
}

report() {
	echo report >&4
	await '^\{' "$crowd"
	tail -n 1 "$crowd" >&2
}

each_once_over() { # NODES
	local n in=0
	crowd_on "$1"
	asks "send $each" sent
	asks settle settled
	report
	same $((1000 * each)) "$(reported .published)"
	same "$(reported .due)" "$(reported .delivered)"
	same '0 0 0' "$(reported '"\(.wrong) \(.missing) \(.uneven)"' | tr -d '"')"
	for ((n = 1; n <= $1; n++)); do
		same '0 0 0' "$(counted "$n" lost) $(counted "$n" failed) $(counted "$n" repeated)"
		in=$((in + $(counted "$n" in)))
	done
	same $((1000 * each * ($1 - 1))) "$in"
	exec 4>&-
}

@test "--cluster: 100,000 messages of 1,000 clients on two nodes, each delivered once and in order" {
	each_once_over 2
}

@test "--cluster: the same on three nodes" {
	each_once_over 3
}

more_out() {
	(($(counted 1 out) > before + 100))
}

@test "--cluster: Redis is killed in the middle and comes back: what clients miss is what is counted" {
	local n quarter before published=0
	crowd_on 3
	quarter=$((each / 4))
	asks "send $quarter" sent
	asks settle settled
	before=$(counted 1 out)
	echo "send $quarter" >&4
	eventually more_out
	redis_dies
	eventually answered 4
	same sent "$(tail -n 1 "$crowd")"
	for n in 1 2 3; do
		eventually degraded "$n"
	done
	asks "send $quarter" sent
	redis_returns
	for n in 1 2 3; do
		eventually healthy "$n"
	done
	asks "send $((each - 3 * quarter))" sent
	asks settle settled
	report
	same '0 0' "$(reported '"\(.wrong) \(.uneven)"' | tr -d '"')"
	(($(reported .missing) > 0))
	for n in 1 2 3; do
		same "$(reported ".lost[$((n - 1))]")" "$(counted "$n" lost)"
		same 0 "$(counted "$n" repeated)"
		published=$((published + $(counted "$n" out) + $(counted "$n" failed)))
	done
	same "$(reported .published)" "$published"
	exec 4>&-
}
