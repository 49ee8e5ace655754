#!/usr/bin/env bats
# also: check
# The end of the TCP connection, after the closing handshake (RFC 6455 7.1.1).

load ../helper

@test "the server closes TCP first, and the client sees its end" {
	serve
	run -0 "$PYTHON" - "$PORT" <<-'END'
		import socket, sys
		s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
		s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		          b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
		head = b""
		while not head.endswith(b"\r\n\r\n"):
		    head += s.recv(1)
		s.sendall(bytes.fromhex("8882 00000000 03e8"))  # close 1000, masked with zeros
		got = b""
		while part := s.recv(100):  # ends with the server's FIN: ours has not been sent
		    got += part
		print(got.hex())
	END
	same 880203e8 "$output"
}

@test "a refusal ends TCP, and requests pipelined after it are not answered" {
	serve
	run -0 "$PYTHON" - "$PORT" <<-'END'
		import socket, sys
		s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
		s.sendall(2 * b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		got = b""
		while part := s.recv(1000):
		    got += part
		print(got.count(b"HTTP/1.1 "), got.split(b"\r\n")[0].decode(), b"Connection: close" in got)
	END
	same "1 HTTP/1.1 426 Upgrade Required True" "$output"
}
