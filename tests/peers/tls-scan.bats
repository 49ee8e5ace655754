#!/usr/bin/env bats
# TLS scanners against wsserve: no old version, no weak cipher, a complete chain.

load ../cli/helper
load ../cli/certificates

setup_file() {
	export BATS_TEST_TIMEOUT=500 # scanners take their time
	make_certificates "$BATS_FILE_TMPDIR"
}

setup() {
	C=$BATS_FILE_TMPDIR
}

serve_tls() {
	serve --cert="$C/server.pem" --key="$C/server.key"
}

# The output of openssl s_client for the connection.
s_client() {
	openssl s_client -connect "localhost:$PORT" "$@" </dev/null 2>&1
}

@test "openssl s_client: the chain is complete and valid" {
	serve_tls
	run -0 s_client -CAfile "$C/ca.pem" -verify_return_error -verify_hostname localhost -showcerts
	same 2 "$(grep -c 'BEGIN CERTIFICATE' <<<"$output")"
	says 'Verify return code: 0 \(ok\)' "$output"
	says 'issuer=CN = the one in the middle' "$output"
	says 'Secure Renegotiation IS NOT supported|TLSv1.3' "$output"
	says 'Compression: NONE' "$output"
}

@test "openssl s_client: 1.0 and 1.1 are refused, 1.2 and 1.3 accepted" {
	serve_tls
	for version in tls1 tls1_1; do
		run ! s_client -"$version" -cipher 'ALL:@SECLEVEL=0'
		says 'protocol version|no protocols available' "$output"
	done
	for version in tls1_2 tls1_3; do
		run -0 s_client -"$version"
		says '(AES_|AES128-|AES256-)[A-Z0-9_-]*GCM|CHACHA20' "$output"
	done
}

# The same for a P-256 certificate and an RSA certificate.
scan() { # WSSERVE-OPTION...
	serve "$@"
	run -0 sslscan --no-colour --show-certificate "127.0.0.1:$PORT"
	says '^SSLv2 +disabled' "$output"
	says '^SSLv3 +disabled' "$output"
	says '^TLSv1.0 +disabled' "$output"
	says '^TLSv1.1 +disabled' "$output"
	says '^TLSv1.2 +enabled' "$output"
	says '^TLSv1.3 +enabled' "$output"
	says 'Session renegotiation not supported' "$output"
	says 'TLSv1.2 not vulnerable to heartbleed' "$output"
	# Each cipher has forward secrecy and is authenticated encryption.
	grep -E '^(Preferred|Accepted) ' <<<"$output" >"$BATS_TEST_TMPDIR/ciphers"
	run -0 cat "$BATS_TEST_TMPDIR/ciphers"
	((${#lines[@]} >= 5))
	run ! grep -vE 'TLSv1.3 .* TLS_(AES_(128|256)_GCM|CHACHA20)_|TLSv1.2 .* ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM|CHACHA20)-' "$BATS_TEST_TMPDIR/ciphers"
}

@test "sslscan: no old version, no weak cipher" {
	command -v sslscan >/dev/null || skip "sslscan is not installed"
	scan --cert="$C/server.pem" --key="$C/server.key"
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 30 \
		-keyout "$BATS_TEST_TMPDIR/rsa.key" -out "$BATS_TEST_TMPDIR/rsa.pem" 2>/dev/null
	scan --cert="$BATS_TEST_TMPDIR/rsa.pem" --key="$BATS_TEST_TMPDIR/rsa.key"
}

@test "testssl: no known vulnerability" {
	tool=$(command -v testssl || command -v testssl.sh) || skip "testssl is not installed"
	serve_tls
	run timeout 390 "$tool" --quiet --color 0 --warnings batch --openssl "$(command -v openssl)" \
		-p -s -U "127.0.0.1:$PORT"
	says 'TLS 1.3 +offered' "$output"
	says 'TLS 1.1 +not offered' "$output"
	says 'TLS 1 +not offered' "$output"
	says 'Strong encryption \(AEAD ciphers\) +offered \(OK\)' "$output"
	says 'Obsolete CBC ciphers .* not offered' "$output"
	says 'RC4 .* no RC4 ciphers detected' "$output"
	run ! grep -E 'NOT ok|VULNERABLE' <<<"$output"
	run -0 wscat --ca="$C/ca.pem" -1 "wss://localhost:$PORT/" 'still there'
	same 'still there' "$output"
}
