#!/usr/bin/env bats
# wss: certificates, and messages for invalid ones; the options of both ends; reports about TLS.

load ../helper
load ../certificates

# Certificates for all tests of this file.
setup_file() {
	make_certificates "$BATS_FILE_TMPDIR"
}

setup() {
	C=$BATS_FILE_TMPDIR
}

# The server's URL with a name of the certificate, instead of the address.
by_name() {
	echo "wss://localhost:$PORT/"
}

# Makes a certificate NAME for localhost that is valid except for the arguments.
faulty() { # NAME EXTENSIONS [FROM UNTIL]
	make_certificate "$C" "$1" localhost ca "$2" "${@:3}"
}

# wscat must exit with 4 and print one line that matches.
refused() { # REGEX WSCAT-ARGUMENT...
	local want=$1
	shift
	run -4 --separate-stderr wscat -T 20s "$@" hello
	one_line "^wscat: TLS failed: .*$want"
}

# What follows the reason where an option helps.
UNKNOWN='\(--ca=FILE names an authority to trust; for tests only, -k, --insecure, accepts any certificate\)$'
WRONG_NAME='\(--tls-domain=NAME checks it against another name\)$'

# --- verification of the server's certificate ---

@test "a chain that ends at --ca is accepted, by name and by address; --cacert is the same" {
	serve_tls
	[[ $URL == "wss://127.0.0.1:$PORT/" ]]
	run -0 wscat --ca="$C/ca.pem" -1 "$URL" one
	same one "$output"
	run -0 wscat --cacert="$C/ca.pem" -1 "$(by_name)" two
	same two "$output"
	# A trusted intermediate is enough.
	run -0 wscat --ca="$C/middle.pem" -1 "$(by_name)" three
	same three "$output"
}

@test "--ca: a folder of hashed certificates, like the system's" {
	serve_tls
	mkdir "$BATS_TEST_TMPDIR/store"
	cp "$C/ca.pem" "$BATS_TEST_TMPDIR/store/$(openssl x509 -in "$C/ca.pem" -noout -hash).0"
	run -0 wscat --ca="$BATS_TEST_TMPDIR/store" -1 "$(by_name)" hello
	same hello "$output"
}

@test "without --ca the system's authorities are trusted, or those of SSL_CERT_FILE" {
	serve_tls
	refused "from an unknown issuer: the test authority $UNKNOWN" "$(by_name)"
	SSL_CERT_FILE=$C/ca.pem run -0 wscat -1 "$(by_name)" hello
	same hello "$output"
}

@test "an unknown issuer, a self-signed one, another authority" {
	serve_tls
	refused "from an unknown issuer: the test authority $UNKNOWN" --ca="$C/other.pem" "$(by_name)"
	serve --self-signed
	refused "certificate is self-signed and not trusted here $UNKNOWN" --ca="$C/other.pem" "$(by_name)"
	says 'client did not take our certificate: unknown CA' "$(eventually grep -h '[^S] TLS failed: ' "$SERVER_LOG")"
}

@test "expired, not yet valid, without a host name, not for servers" {
	faulty old "${FOR_SERVERS}DNS:localhost" 20200101000000Z 20210131000000Z
	faulty early "${FOR_SERVERS}DNS:localhost" 20900228000000Z 20991231000000Z
	faulty none "basicConstraints=CA:FALSE;extendedKeyUsage=serverAuth"
	faulty wrong "${FOR_CLIENTS};subjectAltName=DNS:localhost"
	serve --cert="$C/old.pem" --key="$C/old.key"
	refused "the server's certificate expired on 2021-01-31$" --ca="$C/ca.pem" "$(by_name)"
	serve --cert="$C/early.pem" --key="$C/early.key"
	refused "the server's certificate is not valid before 2090-02-28$" --ca="$C/ca.pem" "$(by_name)"
	serve --cert="$C/wrong.pem" --key="$C/wrong.key"
	refused "the server's certificate is not meant for a server" --ca="$C/ca.pem" "$(by_name)"
	# A subjectAltName without any host is not missing.
	faulty mail "${FOR_SERVERS}email:someone@ws.example"
	serve --cert="$C/mail.pem" --key="$C/mail.key"
	refused 'certificate is for no host at all, not for localhost \(the name asked for\)$' --ca="$C/ca.pem" "$(by_name)"
	serve --cert="$C/none.pem" --key="$C/none.key"
	refused 'certificate is for no host at all, not for localhost \(the name asked for\): it has no subjectAltName, and a common name alone does not count$' --ca="$C/ca.pem" "$(by_name)"
}

@test "the wrong name, the wrong address" {
	serve_tls
	refused "certificate is for localhost, ws.example, 127.0.0.1, ::1, not for other.example \(the name asked for\) $WRONG_NAME" \
		--ca="$C/ca.pem" --tls-domain=other.example "$(by_name)"
	refused "not for 127.0.0.2 \(the name asked for\) $WRONG_NAME" --ca="$C/ca.pem" --tls-domain=127.0.0.2 "$URL"
	# wsbench has the same hints.
	run -4 --separate-stderr wsbench -c 1 -n 1 --ca="$C/ca.pem" --tls-domain=other.example "$URL"
	says "no connection could be opened: the server's certificate is for localhost, .* $WRONG_NAME"
	run -4 --separate-stderr wsbench -c 1 -n 1 --ca="$C/other.pem" "$URL"
	says "no connection could be opened: .* is from an unknown issuer: .* $UNKNOWN"
}

@test "--tls-domain: the requested and verified name is this one instead of the URL's" {
	start "$PYTHON" "$FIXTURES/tls_server.py" sni "$C/server.pem" "$C/server.key"
	run wscat --ca="$C/ca.pem" --tls-domain=ws.example -T 10s "$URL" hello
	await '^sni ws.example$' "$OUT"
	run wscat --ca="$C/ca.pem" -T 10s "$(by_name)" hello
	await '^sni localhost$' "$OUT"
	# An address is not sent as a server name (RFC 6066 3).
	run wscat --ca="$C/ca.pem" -T 10s "wss://127.0.0.1:$PORT/" hello
	await '^sni None$' "$OUT"
	await '^alpn http/1.1$' "$OUT"
	# With these names nothing would be verified, or less than requested.
	for domain in '' .example "$(printf '%0300d' 0)"; do
		run -2 --separate-stderr wscat --ca="$C/ca.pem" --tls-domain="$domain" "$URL" hello
		usage_line "tls-domain': not a host name$"
	done
}

@test "with ws:// nothing is verified: options of TLS are refused, but not --insecure, nor where a redirect may lead to wss" {
	for tool in wscat wsbench; do
		for option in --ca="$C/ca.pem" --cert="$C/ca.pem" --tls-domain=localhost --tls-min=1.3; do
			run -2 --separate-stderr "$tool" "$option" ws://127.0.0.1:1/
			usage_line "--[a-z-]+ has no effect without TLS: write wss://"
		done
		run -3 --separate-stderr "$tool" -k ws://127.0.0.1:1/
	done
	run -3 --separate-stderr wscat -L --ca="$C/ca.pem" ws://127.0.0.1:1/
	[[ $stderr == *'Connection refused'* ]]
}

@test "--insecure, -k, --no-check and -n accept any certificate" {
	serve --self-signed
	for option in --insecure -k --no-check -n; do
		run -0 wscat "$option" -1 "$URL" hello
		same hello "$output"
	done
	run -0 wsbench -k -c 1 -n 10 "$URL"
	run -4 --separate-stderr wsbench -c 1 -n 10 "$URL"
	says 'wsbench: no connection could be opened: the server.s certificate is self-signed'
}

# --- versions ---

@test "--tls-min=1.3 refuses a server with 1.2; the default accepts 1.2 and refuses 1.1" {
	start "$PYTHON" "$FIXTURES/tls_server.py" echo12 "$C/server.pem" "$C/server.key"
	run -0 wscat --ca="$C/ca.pem" -1 "$URL" hello
	same hello "$output"
	refused 'have no version of TLS in common' --ca="$C/ca.pem" --tls-min=1.3 "$URL"
	run -2 wscat --tls-min=1.1 "$URL"
}

@test "old versions and renegotiation are refused" {
	serve_tls
	for version in tls1 tls1_1; do
		run ! openssl s_client -connect "127.0.0.1:$PORT" -"$version" -cipher 'ALL:@SECLEVEL=0' </dev/null
		says 'alert protocol version|no protocols available' "$output"
	done
	run openssl s_client -connect "127.0.0.1:$PORT" -tls1_2 <<<R
	says 'no renegotiation' "$output"
	# Ciphers without forward secrecy are refused.
	run ! openssl s_client -connect "127.0.0.1:$PORT" -tls1_2 -cipher 'AES128-GCM-SHA256:AES128-SHA' </dev/null
	says 'handshake failure|no ciphers available' "$output"
}

@test "ALPN: http/1.1 is selected if offered; a client that offers only others is refused" {
	serve_tls --http2=off
	run openssl s_client -connect "127.0.0.1:$PORT" -alpn h2,http/1.1 </dev/null
	says '^ALPN protocol: http/1.1' "$output"
	run ! openssl s_client -connect "127.0.0.1:$PORT" -alpn h2 </dev/null
	says 'no application protocol' "$output"
	run openssl s_client -connect "127.0.0.1:$PORT" </dev/null
	says '^No ALPN negotiated' "$output"
}

# --- client certificates ---

@test "--client-ca: no client without its certificate; --cert, --key, and both in one file" {
	serve_tls --client-ca=<(cat "$C/ca.pem") --loglevel=debug
	says '^Acceptable client certificate CA names' "$(openssl s_client -connect "127.0.0.1:$PORT" </dev/null 2>&1)"
	refused 'the server wants a client certificate \(--cert=FILE and --key=FILE ' --ca="$C/ca.pem" "$(by_name)"
	await '[^S] TLS failed: the client showed no certificate' "$SERVER_LOG"
	run -0 wscat --ca="$C/ca.pem" --cert="$C/client.pem" --key="$C/client.key" -1 "$(by_name)" hello
	same hello "$output"
	await 'tls TLSv1.3, .*; certificate of a client \(until 2099' "$SERVER_LOG"
	cat "$C/client.pem" "$C/client.key" >"$BATS_TEST_TMPDIR/both.pem"
	run -0 wscat --ca="$C/ca.pem" --cert="$BATS_TEST_TMPDIR/both.pem" -1 "$(by_name)" hello
	same hello "$output"
	make_certificate "$C" unknown 'an unknown client' other "$FOR_CLIENTS"
	refused 'the server did not take our certificate: unknown CA' --ca="$C/ca.pem" \
		--cert="$C/unknown.pem" --key="$C/unknown.key" "$(by_name)"
	await "[^S] TLS failed: the client's certificate is from an unknown issuer: another authority" "$SERVER_LOG"
	run -0 wsbench --cacert="$C/ca.pem" --cert="$C/client.pem" --key="$C/client.key" -c 2 -n 10 "$(by_name)"
}

@test "--client-ca with TLS 1.2: the same messages" {
	start "$PYTHON" "$FIXTURES/tls_server.py" mutual12 "$C/server.pem" "$C/server.key" "$C/ca.pem"
	refused 'the server wants a client certificate \(--cert=FILE and --key=FILE ' --ca="$C/ca.pem" "$URL"
}

# --- keys and passphrases ---

@test "--key from a pipe is read once" {
	serve --cert="$C/server.pem" --key=<(cat "$C/server.key")
	run -0 wscat --ca="$C/ca.pem" -1 "$(by_name)" hello
	same hello "$output"
}

@test "--passphrase: an encrypted key, on both sides; messages for a wrong or missing one" {
	openssl pkcs8 -topk8 -v2 aes256 -passout pass:open -in "$C/server.key" -out "$BATS_TEST_TMPDIR/server.key"
	openssl ec -aes256 -passout pass:open -in "$C/client.key" -out "$BATS_TEST_TMPDIR/client.key"
	echo open >"$BATS_TEST_TMPDIR/secret"
	serve --tls --cert="$C/server.pem" --key="$BATS_TEST_TMPDIR/server.key" \
		--passphrase=@"$BATS_TEST_TMPDIR/secret" --client-ca="$C/ca.pem"
	mine=(wscat --ca="$C/ca.pem" --cert="$C/client.pem" --key="$BATS_TEST_TMPDIR/client.key" -1)
	WORD=open run -0 "${mine[@]}" --passphrase=env:WORD "$(by_name)" hello
	same hello "$output"
	run -1 --separate-stderr "${mine[@]}" --passphrase=sesame "$(by_name)" hello
	one_line "^wscat: key '.*client.key': the passphrase is wrong$"
	run -1 --separate-stderr setsid -w "${mine[@]}" "$(by_name)" hello
	one_line "^wscat: key '.*client.key': it is encrypted, and there is no passphrase$"
	run -1 --separate-stderr setsid -w wsserve -p 0 --cert="$C/server.pem" --key="$BATS_TEST_TMPDIR/server.key"
	one_line "^wsserve: key '.*server.key': it is encrypted, and there is no passphrase$"
}

@test "a missing passphrase is asked for on a terminal, without echo" {
	openssl ec -aes256 -passout pass:open -in "$C/client.key" -out "$BATS_TEST_TMPDIR/client.key"
	serve_tls --client-ca="$C/ca.pem"
	run -0 "$PYTHON" "$FIXTURES/terminal.py" 'Passphrase of .*client.key: ' open \
		wscat --ca="$C/ca.pem" --cert="$C/client.pem" --key="$BATS_TEST_TMPDIR/client.key" -1 "$(by_name)" hello
	says 'hello' "$output"
	run ! grep -q open <<<"$output"
	openssl ec -aes256 -passout pass:open -in "$C/server.key" -out "$BATS_TEST_TMPDIR/server.key"
	run -0 "$PYTHON" "$FIXTURES/terminal.py" 'Passphrase of .*server.key: ' open \
		wsserve -p 0 --cert="$C/server.pem" --key="$BATS_TEST_TMPDIR/server.key" --exit-idle=100ms
	says 'listen on wss://' "$output"
}

@test "unusable files: missing, empty, a key that does not match" {
	echo nothing >"$BATS_TEST_TMPDIR/nothing"
	for name in wsserve wscat; do
		tool=("$name" -p 0)
		[[ $name == wsserve ]] || tool=("$name" wss://127.0.0.1:9/)
		run -1 --separate-stderr "${tool[@]}" --cert="$C/missing.pem"
		one_line "^$name: certificate '.*missing.pem': No such file or directory$"
		run -1 --separate-stderr "${tool[@]}" --cert="$BATS_TEST_TMPDIR/nothing"
		one_line "^$name: certificate '.*nothing': there is no certificate in PEM form in it$"
		run -1 --separate-stderr "${tool[@]}" --cert="$C/server.pem"
		# A client may have meant to trust it.
		hint=''
		[[ $name == wsserve ]] || hint=" \(--key=FILE names it; to trust the server's certificate, write --ca=FILE\)"
		one_line "^$name: key '.*server.pem': there is no private key in PEM form in it$hint$"
		run -1 --separate-stderr "${tool[@]}" --cert="$C/server.pem" --key="$C/missing.key"
		one_line "^$name: key '.*missing.key': No such file or directory$"
		run -1 --separate-stderr "${tool[@]}" --cert="$C/server.pem" --key="$C/client.key"
		one_line "^$name: the key in '.*client.key' does not fit the certificate in '.*server.pem'$"
		run -2 --separate-stderr "${tool[@]}" --key="$C/client.key"
		usage_line 'key needs a --cert$'
		run -2 --separate-stderr "${tool[@]}" --passphrase=secret
		usage_line 'passphrase needs a --cert$'
		{
			cat "$C/ca.pem"
			sed '2s/.*/damaged/' "$C/middle.pem"
		} >"$BATS_TEST_TMPDIR/damaged.pem"
		run -1 --separate-stderr "${tool[@]}" --cert="$BATS_TEST_TMPDIR/damaged.pem" --key="$C/ca.key"
		one_line "^$name: certificate '.*damaged.pem': the chain behind the first one cannot be read$"
	done
	# What cannot be read again, and what is no certificate, is not guessed about.
	run -1 --separate-stderr wscat --cert=<(cat "$C/server.pem") wss://127.0.0.1:9/
	one_line "^wscat: key '.*': there is no private key in PEM form in it$"
	run -1 --separate-stderr wscat --ca="$C/missing.pem" wss://127.0.0.1:9/
	one_line "^wscat: authorities '.*missing.pem': No such file or directory$"
	run -1 --separate-stderr wscat --ca="$BATS_TEST_TMPDIR/nothing" wss://127.0.0.1:9/
	one_line "^wscat: authorities '.*nothing': there is no certificate in PEM form in it$"
	run -1 --separate-stderr wsserve -p 0 --self-signed --client-ca="$C/missing.pem"
	says "^wsserve: authorities '.*missing.pem': No such file or directory$"
}

@test "options that cannot be combined" {
	run -2 --separate-stderr wsserve --tls
	usage_line 'tls needs a --cert, or --self-signed$'
	run -2 --separate-stderr wsserve --self-signed --cert="$C/server.pem"
	usage_line 'exclude each other$'
	run -2 --separate-stderr wsserve --client-ca="$C/ca.pem"
	usage_line 'client-ca needs --tls$'
}

@test "websocketd's names: --ssl, --sslcert, --sslkey, --sslca" {
	serve --ssl --sslcert="$C/server.pem" --sslkey="$C/server.key" --sslca="$C/ca.pem"
	run -0 wscat --ca="$C/ca.pem" --cert="$C/client.pem" --key="$C/client.key" -1 "$(by_name)" hello
	same hello "$output"
}

# --- the server's certificate ---

@test "--self-signed: the printed fingerprint is the certificate's; names and days" {
	serve --self-signed -a 127.0.0.3
	openssl s_client -connect "127.0.0.3:$PORT" </dev/null 2>/dev/null |
		openssl x509 -out "$BATS_TEST_TMPDIR/shown.pem"
	await "$(openssl x509 -in "$BATS_TEST_TMPDIR/shown.pem" -noout -fingerprint -sha256 | sed 's/.*=//')" "$SERVER_LOG"
	await "^wsserve: self-signed until [0-9-]{10}, SHA-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$" "$SERVER_LOG"
	run -0 openssl x509 -in "$BATS_TEST_TMPDIR/shown.pem" -noout -text
	says 'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:127.0.0.3' "$output"
	says 'ASN1 OID: prime256v1' "$output"
	run -0 openssl x509 -in "$BATS_TEST_TMPDIR/shown.pem" -noout -checkend $((300 * 24 * 3600))
	# A client that has the certificate can trust it.
	run -0 wscat --ca="$BATS_TEST_TMPDIR/shown.pem" -1 "wss://127.0.0.3:$PORT/" hello
	same hello "$output"
}

@test "SIGHUP reloads the certificate; connections live on; an unusable one changes nothing" {
	cp "$C/server.pem" "$BATS_TEST_TMPDIR/s.pem"
	cp "$C/server.key" "$BATS_TEST_TMPDIR/s.key"
	serve -t 2 --cert="$BATS_TEST_TMPDIR/s.pem" --key="$BATS_TEST_TMPDIR/s.key"
	mkfifo "$BATS_TEST_TMPDIR/in"
	background wscat --ca="$C/ca.pem" -v "$(by_name)" <>"$BATS_TEST_TMPDIR/in"
	old=$PID old_out=$OUT
	await 101 "$LOG"
	make_certificate "$C" fresh localhost ca "${FOR_SERVERS}DNS:localhost" 20200101000000Z 20881231000000Z
	# An incomplete change: the key is still the old certificate's.
	cp "$C/fresh.pem" "$BATS_TEST_TMPDIR/s.pem"
	kill -HUP "$SERVER"
	await "ERROR .*config the key in '.*s.key' does not fit the certificate in '.*s.pem'; the old certificate stays" "$SERVER_LOG"
	for _ in 1 2 3; do # all loops
		run -0 wscat --ca="$C/ca.pem" -v -1 "$(by_name)" hello
		says 'certificate of localhost \(until 2099' "$output"
	done
	echo garbage >"$BATS_TEST_TMPDIR/s.key"
	kill -HUP "$SERVER"
	await "key '.*s.key': there is no private key in PEM form in it; the old certificate stays" "$SERVER_LOG"
	cp "$C/fresh.key" "$BATS_TEST_TMPDIR/s.key"
	kill -HUP "$SERVER"
	await 'config the certificate was read again: good until 2088-12-31' "$SERVER_LOG"
	for _ in 1 2 3; do
		run -0 wscat --ca="$C/ca.pem" -v -1 "$(by_name)" hello
		says 'certificate of localhost \(until 2088' "$output"
	done
	# The other end of a pipe is not waited for.
	rm "$BATS_TEST_TMPDIR/s.key"
	mkfifo "$BATS_TEST_TMPDIR/s.key"
	kill -HUP "$SERVER"
	await "'.*s.key' is not a regular file, and can be read at the start only; the old certificate stays" "$SERVER_LOG"
	run -0 wscat --ca="$C/ca.pem" -1 "$(by_name)" hello
	echo still here >"$BATS_TEST_TMPDIR/in"
	await '^still here$' "$old_out"
	kill "$old"
}

@test "--config: its TLS options, and a reload that names another certificate" {
	make_certificate "$C" second localhost ca "${FOR_SERVERS}DNS:localhost" 20200101000000Z 20770101000000Z
	printf 'tls\ncert = %s\nkey = %s\n' "$C/server.pem" "$C/server.key" >"$BATS_TEST_TMPDIR/config"
	serve --config="$BATS_TEST_TMPDIR/config"
	run -0 wscat --ca="$C/ca.pem" -v -1 "$(by_name)" hello
	says 'until 2099' "$output"
	printf 'tls\ncert = %s\nkey = %s\n' "$C/second.pem" "$C/second.key" >"$BATS_TEST_TMPDIR/config"
	kill -HUP "$SERVER"
	await 'read again: good until 2077' "$SERVER_LOG"
	run -0 wscat --ca="$C/ca.pem" -v -1 "$(by_name)" hello
	says 'until 2077' "$output"
}

# --- peers that do not speak TLS ---

@test "plaintext HTTP to a TLS port gets a 400 that explains it" {
	serve_tls
	run -0 curl -s -i -m 10 "http://127.0.0.1:$PORT/"
	says '^HTTP/1.1 400 ' "$output"
	says 'this port speaks TLS' "$output"
	await 'TLS_EXPECTED .*answered 400' "$SERVER_LOG"
	run -5 wscat -T 10s "ws://127.0.0.1:$PORT/" hello
	says '400' "$output"
	says 'this port speaks TLS' "$output"
	# The beginning of HTTP/2 is no request of another version.
	run -0 --separate-stderr bash -c "exec 3<>/dev/tcp/127.0.0.1/$PORT
		printf 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' >&3; timeout 20 cat <&3"
	says '^HTTP/1.1 400 ' "$output"
	says 'this port speaks TLS' "$output"
}

@test "wss to a port without TLS" {
	serve
	refused 'the server does not speak TLS here, but plain HTTP$' -k "wss://127.0.0.1:$PORT/"
	await 'HTTP_TLS' "$SERVER_LOG"
	start "$PYTHON" "$FIXTURES/tls_server.py" says 'SSH-2.0-OpenSSH_9.2'
	refused 'does not speak TLS here, but SSH$' -k "wss://127.0.0.1:$PORT/"
	start "$PYTHON" "$FIXTURES/tls_server.py" says 'whatever'
	refused 'the server does not speak TLS$' -k "wss://127.0.0.1:$PORT/"
	start "$PYTHON" "$FIXTURES/tls_server.py" says ''
	refused 'the server ended the connection during the TLS handshake$' -k "wss://127.0.0.1:$PORT/"
}

# --- reports ---

@test "-v, --stats and the records show TLS; the metrics count it" {
	serve_tls --metrics
	run -0 wscat --ca="$C/ca.pem" -v --stats -1 "$(by_name)" hello
	says '^wscat: < TLSv1.3, TLS_[A-Z0-9_]*; certificate of localhost \(until 2099-12-31\)$' "$output"
	says '^wscat: stats: resolve .*, connect .*, TLS [0-9.]+ [mu]?s, upgrade [0-9.]+ [mu]s; open' "$output"
	run -0 wscat --ca="$C/ca.pem" -J -1 "$(by_name)" hello
	says '"url":"wss://localhost:.*"tls":[0-9]+' "$output"
	run -0 wsbench -q --mode=churn -c 2 -n 20 --ca="$C/ca.pem" --format=json "$(by_name)"
	((20 - $(jq .tls_resumed <<<"$output") <= 4))
	jq -e '.tls.p50_us // .tls' <<<"$output"
	run -0 curl -s --cacert "$C/ca.pem" "https://localhost:$PORT/metrics"
	says '^wsserve_tls_handshakes_total\{resumed="yes"\} 1[0-9]$' "$output"
	run wscat -T 10s "$(by_name)"
	run -0 curl -s --cacert "$C/ca.pem" "https://localhost:$PORT/metrics"
	says '^wsserve_handshakes_total\{result="TLS"\} 1$' "$output"
}

@test "SSLKEYLOGFILE: the secrets are appended, for wscat and wsbench" {
	serve_tls
	echo '# mine' >"$BATS_TEST_TMPDIR/keys"
	export SSLKEYLOGFILE=$BATS_TEST_TMPDIR/keys
	run -0 wscat --ca="$C/ca.pem" -1 "$(by_name)" hello
	same '# mine' "$(head -n 1 "$SSLKEYLOGFILE")"
	grep -qE '^CLIENT_TRAFFIC_SECRET_0 [0-9a-f]{64} [0-9a-f]+$' "$SSLKEYLOGFILE"
	before=$(wc -l <"$SSLKEYLOGFILE")
	run -0 wsbench --ca="$C/ca.pem" -c 3 -t 2 -n 9 "$(by_name)"
	(($(wc -l <"$SSLKEYLOGFILE") >= before + 12))
	SSLKEYLOGFILE=$BATS_TEST_TMPDIR/no/such run -0 --separate-stderr wscat --ca="$C/ca.pem" -1 "$(by_name)" hello
	says "^wscat: SSLKEYLOGFILE '.*/no/such': No such file or directory$"
}

@test "a program gets HTTPS=on; a page from plaintext HTTP has another origin" {
	script=$(shell_script tell <<-'END'
		echo "HTTPS=$HTTPS"
	END
	)
	serve_tls --sameorigin "$script"
	run -0 wscat --ca="$C/ca.pem" --no-stdin -w -1 -o "https://localhost:$PORT" "$(by_name)"
	same HTTPS=on "$output"
	run -5 wscat --ca="$C/ca.pem" --no-stdin -o "http://localhost:$PORT" "$(by_name)"
	# The default port of Host and Origin is 443 here, not 80.
	run -5 wscat --ca="$C/ca.pem" --no-stdin -H 'Host: localhost' -o http://localhost "$(by_name)"
	run -0 wscat --ca="$C/ca.pem" --no-stdin -w -1 -H 'Host: localhost' -o https://localhost "$(by_name)"
}

@test "files and the console are served over https, on a unix socket too" {
	mkdir "$BATS_TEST_TMPDIR/files"
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/files/large"
	serve_tls --staticdir="$BATS_TEST_TMPDIR/files"
	run -0 curl -s --cacert "$C/ca.pem" -o "$BATS_TEST_TMPDIR/large" "https://localhost:$PORT/large"
	cmp "$BATS_TEST_TMPDIR/files/large" "$BATS_TEST_TMPDIR/large"
	start wsserve --announce --cert="$C/server.pem" --key="$C/server.key" --devconsole \
		--listen="unix:$BATS_TEST_TMPDIR/socket"
	same "wss+unix:$BATS_TEST_TMPDIR/socket" "$URL"
	run -0 curl -s --cacert "$C/ca.pem" --unix-socket "$BATS_TEST_TMPDIR/socket" https://localhost/
	says 'wsserve console' "$output"
	run -0 wscat --ca="$C/ca.pem" -1 "$URL" hello
	same hello "$output"
}
