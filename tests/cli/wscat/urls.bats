#!/usr/bin/env bats
# also: check
# What wscat takes for a URL, and what it makes of it.

load ../helper

@test "a port alone means localhost" {
	serve --address=127.0.0.1 --host-allow='*'
	run -0 wscat -N 1 -4 "$PORT" hello </dev/null
	same hello "$output"
	run -0 wscat -N 1 -4 ":$PORT" hello </dev/null
	same hello "$output"
}

@test "an empty port is the default one" {
	run -3 --separate-stderr wscat --resolve='*:80:127.0.0.1' -T 5 ws://host.invalid:/ </dev/null
	says '127.0.0.1:80'
}

@test "a refused default port is said to be one, unless the URL names it or a proxy is asked" {
	for tool in wscat wsbench; do
		run -3 --separate-stderr "$tool" --resolve='*:80:127.0.0.1' -T 5 ws://host.invalid/p </dev/null
		says '127.0.0.1:80: Connection refused \(port 80 is the default; the URL names none\)$'
	done
	run -3 --separate-stderr wscat --resolve='*:443:127.0.0.1' -T 5 wss://host.invalid </dev/null
	one_line '127.0.0.1:443: Connection refused \(port 443 is the default; the URL names none\)$'
	run -3 --separate-stderr wscat --resolve='*:80:127.0.0.1' -T 5 ws://host.invalid:80/ </dev/null
	one_line '127.0.0.1:80: Connection refused$'
	run -3 --separate-stderr wscat --proxy=http://127.0.0.1:9 -T 5 ws://host.invalid/ </dev/null
	one_line '127.0.0.1:9: Connection refused$'
}

@test "a scheme with a slash or a colon too few is no host; a host named ws is one" {
	for tool in wscat wsbench; do
		run -2 --separate-stderr "$tool" ws//127.0.0.1:9/p
		usage_line "'ws//127.0.0.1:9/p': did you mean 'ws://127.0.0.1:9/p'\?$"
	done
	run -2 --separate-stderr wscat WSS:/127.0.0.1:9
	usage_line "did you mean 'WSS://127.0.0.1:9'\?$"
	run -2 --separate-stderr wscat http//127.0.0.1:9/
	usage_line "did you mean 'http://127.0.0.1:9/'\?$"
	serve
	run -0 wscat -1 --resolve="ws:$PORT:127.0.0.1" -H "Host: localhost" "ws:$PORT/p//q" hello
	same hello "$output"
	run -0 wscat -1 "localhost:$PORT/ws" hello
	same hello "$output"
}

@test "a URL that is none: what was meant" {
	for tool in wscat wsbench; do
		run -2 --separate-stderr "$tool" wss:127.0.0.1
		usage_line "not a WebSocket URL: .* \(did you mean 'wss://127.0.0.1'\?\)$"
		run -2 --separate-stderr "$tool" ws://::1:80
		usage_line "\(an IPv6 address needs brackets, as in ws://\[::1\]:8080/\)$"
	done
	run -2 --separate-stderr wscat ws:///127.0.0.1/p
	usage_line "\(did you mean 'ws://127.0.0.1/p'\?\)$"
}

@test "an option where a URL is expected: 2" {
	run -2 --separate-stderr wscat -c -w
	usage_line "'-w' is an option, where a URL is expected$"
	run -2 --separate-stderr wscat --connect --text
	usage_line "'--text' is an option, where a URL is expected$"
}

@test "spaces and umlauts in a path are encoded" {
	bad echo
	wscat -w 0 "${URL}a b/grün?q=1 2" </dev/null
	says '^header GET /a%20b/gr%C3%BCn\?q=1%202 HTTP/1.1$' "$(cat "$OUT")"
}

@test "a host name outside ASCII is asked for, and named, in the form of IDNA" {
	bad echo
	wscat -w 0 --resolve="münchen.example:$PORT:127.0.0.1" "ws://MÜNCHEN.example:$PORT/" </dev/null
	says "^header Host: xn--mnchen-3ya.example:$PORT\$" "$(cat "$OUT")"
	run -3 --separate-stderr wscat -T 5 --resolve='*:80:127.0.0.1' ws://straße.invalid:/ </dev/null
	says '127.0.0.1:80'
	run -2 --separate-stderr wscat ws://mü--.example/
	usage_line 'not a valid internationalized name'
	run -2 --separate-stderr wscat --proxy=http://mü--.example ws://127.0.0.1:9/
	usage_line 'not a valid internationalized name'
}

@test "a NUL in the user or the password: 2" {
	run -2 --separate-stderr wscat 'ws://a%00b:c@127.0.0.1:9/'
	usage_line 'NUL'
}

@test "two URLs are refused" {
	run -2 --separate-stderr wscat ws://127.0.0.1:9/ wss://127.0.0.1:9/
	usage_line "two URLs, 'ws://127.0.0.1:9/' and 'wss://127.0.0.1:9/'"
	run -2 --separate-stderr wscat -c ws://127.0.0.1:9/ ws+unix:/socket
	usage_line "two URLs"
	run -2 --separate-stderr wscat hello ws://127.0.0.1:9/
	usage_line "the URL comes first, and the messages after it: not 'hello'"
}

@test "a zone of an IPv6 address (RFC 6874) is for the connection, and is not sent; a redirect keeps it" {
	serve --address=::1 -v
	local zone
	zone=$(cat /sys/class/net/lo/ifindex)
	run -0 --separate-stderr wscat -v -N 1 "ws://[::1%25$zone]:$PORT/" hello </dev/null
	says "^wscat: > Host: \\[::1\\]:$PORT\$"
	run -2 --separate-stderr wscat 'ws://[::1%25]/' hello
	local no_address
	for no_address in '[%000]:8/' 'ws://[localhost]/' 'ws://[::g]/'; do
		run -2 --separate-stderr wscat "$no_address" hello
		[[ $stderr == *'the host is missing or malformed'* ]]
	done
	usage_line 'the host is missing or malformed'
	background "$PYTHON" -c 'import socket
s = socket.create_server(("::1", 0), family=socket.AF_INET6)
print("port", s.getsockname()[1], flush=True)
for answer in (b"302 Found\r\nLocation: /next", b"404 Not Found"):
    c, _ = s.accept()
    print(c.recv(4096).decode().replace("\r", ""), flush=True)
    c.sendall(b"HTTP/1.1 " + answer + b"\r\nContent-Length: 0\r\n\r\n")'
	local port
	port=$(port_in "$OUT")
	run -5 wscat -L --auth=me:secret "ws://[::1%25$zone]:$port/" hello
	await '^GET /next ' "$OUT"
	same 2 "$(grep -c '^Authorization: ' "$OUT")"
	run -3 --separate-stderr wscat 'ws://[fe80::1%25none]/' hello
	one_line 'fe80::1%none'
}

@test "-p 13 is accepted, as npm's wscat does" {
	serve
	run -0 wscat -p 13 -N 1 "$URL" hello </dev/null
	run -0 wscat --protocol-version=13 -N 1 "$URL" hello </dev/null
}
