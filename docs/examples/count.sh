#!/bin/sh
# A service for wsserve: numbers the lines that a client sends.
#     wsserve docs/examples/count.sh
number=0
while read -r line; do
	number=$((number + 1))
	echo "$number: $line"
done
