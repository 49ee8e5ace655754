# shellcheck shell=bash
# Certificates for tests, made when a test needs them, so that the repository has no keys and nothing
# that expires.
#
#     load certificates
#     setup_file() { make_certificates "$BATS_FILE_TMPDIR"; }
#
# makes in that folder, all with keys on P-256:
#
#     ca.pem ca.key            a self-signed authority
#     middle.pem middle.key    an intermediate authority
#     server.pem server.key    signed by the intermediate, which follows in the same file;
#                              for localhost, 127.0.0.1, ::1 and ws.example
#     client.pem client.key    for "a client", signed by the authority
#     other.pem other.key      an untrusted authority

# Makes a key and a request: NAME.key and NAME.csr.
certificate_request() { # DIR NAME COMMON-NAME
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$3" \
		-keyout "$1/$2.key" -out "$1/$2.csr" 2>/dev/null
}

# Makes NAME.pem and NAME.key, signed by ISSUER.pem and ISSUER.key of the same folder.
make_certificate() { # DIR NAME COMMON-NAME ISSUER EXTENSIONS [FROM UNTIL]
	local dir=$1 name=$2 issuer=$4 extensions=$5 from=${6-20200101000000Z} until=${7-20991231235959Z}
	certificate_request "$dir" "$name" "$3"
	: >"$dir/$name.index"
	cat >"$dir/$name.cnf" <<-END
		[ca]
		default_ca = this
		[this]
		new_certs_dir = $dir
		database = $dir/$name.index
		rand_serial = yes
		default_md = sha256
		policy = any
		x509_extensions = extensions
		[any]
		commonName = supplied
		[extensions]
		subjectKeyIdentifier = hash
		authorityKeyIdentifier = keyid
		$(tr ';' '\n' <<<"$extensions")
	END
	openssl ca -batch -notext -config "$dir/$name.cnf" -cert "$dir/$issuer.pem" \
		-keyfile "$dir/$issuer.key" -startdate "$from" -enddate "$until" \
		-in "$dir/$name.csr" -out "$dir/$name.pem" 2>"$dir/$name.err" || {
		cat "$dir/$name.err" >&2
		return 1
	}
}

# Makes NAME.pem and NAME.key, self-signed.
make_authority() { # DIR NAME COMMON-NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$3" -days 3650 \
		-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
		-keyout "$1/$2.key" -out "$1/$2.pem" 2>/dev/null
}

FOR_SERVERS='basicConstraints=CA:FALSE;extendedKeyUsage=serverAuth;subjectAltName='
FOR_CLIENTS='basicConstraints=CA:FALSE;extendedKeyUsage=clientAuth'

make_certificates() { # DIR
	local dir=$1
	mkdir -p "$dir"
	make_authority "$dir" ca 'the test authority'
	make_authority "$dir" other 'another authority'
	make_certificate "$dir" middle 'the one in the middle' ca \
		'basicConstraints=critical,CA:TRUE,pathlen:0;keyUsage=critical,keyCertSign'
	make_certificate "$dir" server localhost middle \
		"${FOR_SERVERS}DNS:localhost,DNS:ws.example,IP:127.0.0.1,IP:::1"
	cat "$dir/middle.pem" >>"$dir/server.pem"
	make_certificate "$dir" client 'a client' ca "$FOR_CLIENTS"
}

# Starts wsserve with the server's certificate of this file's certificates.
serve_tls() { # WSSERVE-OPTION...
	serve --cert="$BATS_FILE_TMPDIR/server.pem" --key="$BATS_FILE_TMPDIR/server.key" "$@"
}
