"""What a client may try on `ichflow serve`, with each answer and the server's peak memory.

    python benches/serve/attacks.py target/release/ichflow BUNDLE SLICE.dcm

The server is started for this, with its default limits but a small queue. Linux; the standard library only."""

import gzip
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time

PROGRAM, BUNDLE, SLICE = sys.argv[1:4]
FORM = "Content-Type: multipart/form-data; boundary=xyz\r\n"
server = subprocess.Popen([PROGRAM, "serve", BUNDLE, "--addr", "127.0.0.1:0", "--device", "cpu"], stderr=subprocess.PIPE)
AT = ("127.0.0.1", int(re.search(rb"http://127.0.0.1:(\d+)", next(l for l in server.stderr if b"http://" in l))[1]))
threading.Thread(target=lambda: [None for _ in server.stderr], daemon=True).start()


def connect():
    sock = socket.create_connection(AT, timeout=120)
    return sock


def answer(sock):
    data = b""
    try:
        while chunk := sock.recv(1 << 16):
            data += chunk
    except OSError:
        pass
    found = re.match(rb"HTTP/1.1 (\d+)", data)
    return (found[1].decode() if found else "cut off"), data.partition(b"\r\n\r\n")[2]


def head(method="POST", path="/v1/exams", rest="", host=None):
    return f"{method} {path} HTTP/1.1\r\nHost: {host or '127.0.0.1:%d' % AT[1]}\r\nConnection: close\r\n{rest}\r\n".encode()


def ask(method="POST", path="/v1/exams", rest="", body=b"", host=None):
    sock = connect()
    if body or method == "POST":
        rest += f"Content-Length: {len(body)}\r\n"
    sock.sendall(head(method, path, rest, host))
    try:
        sock.sendall(body)
    except OSError:
        pass
    return answer(sock)


def part(name, data):
    return b'--xyz\r\nContent-Disposition: form-data; name="f"; filename="' + name.encode() + b'"\r\n\r\n' + data + b"\r\n"


def predicted(body):
    status, text = ask(rest=FORM, body=body + b"--xyz--\r\n")
    found = re.search(rb'"id":"(\w+)"', text)
    if not found:
        return status
    path = "/v1/exams/" + found[1].decode()
    while True:
        text = ask("GET", path)[1]
        state = re.search(rb'"state":"(\w+)"', text)[1].decode()
        if state in ("done", "failed"):
            counts = [text.count(b'"status":"%s"' % kind) for kind in (b"predicted", b"excluded")]
            leaks = [word for word in (b"root:", b"/proc/", b"/tmp/", b"EvilName") if word in text]
            return f"{status}, {state}: {counts[0]} predicted, {counts[1]} excluded" + (f", LEAKS {leaks}" if leaks else "")
        time.sleep(0.05)


def endless():
    sock = connect()
    sock.sendall(head(rest="Content-Type: application/dicom\r\nTransfer-Encoding: chunked\r\n"))
    chunk = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
    sent = 0
    try:
        while sent < 8192:
            sock.sendall(chunk)
            sent += 1
    except OSError:
        pass
    return f"{answer(sock)[0]} after {sent} MiB"


def length():
    sock = connect()
    began = time.time()
    sock.sendall(head(rest="Content-Type: application/dicom\r\nContent-Length: 10000000000\r\n"))
    return f"{answer(sock)[0]} after {time.time() - began:.2f} s, nothing read"


def claims():
    data = bytearray(open(SLICE, "rb").read())
    for tag in (b"\x28\x00\x10\x00US", b"\x28\x00\x11\x00US"):
        place = data.find(tag)
        assert place >= 0, "the slice is to be explicit little endian"
        data[place + 8 : place + 10] = b"\xff\xff"
    # An element that says it has 4 GiB, too.
    return predicted(part("a.dcm", bytes(data))) + "; " + predicted(
        part("b.dcm", bytes(128) + b"DICM" + b"\x02\x00\x01\x00OB\x00\x00" + struct.pack("<I", 0xFFFFFFF0))
    )


def slow():
    socks = []
    for number in range(500):
        sock = connect()
        sock.sendall(head(rest=FORM + "Content-Length: 1000000\r\n") if number % 2 else b"POST /v1/exams HTT")
        socks.append(sock)
    began = time.time()
    health = ask("GET", "/v2/health/live")[0]
    took = time.time() - began
    for sock in socks:
        sock.settimeout(60)
    ends = [answer(sock)[0] for sock in socks]
    counts = {end: ends.count(end) for end in sorted(set(ends))}
    return f"{counts} within {time.time() - began:.0f} s; health {health} in {1000 * took:.0f} ms meanwhile"


def markup():
    data = bytearray(open(SLICE, "rb").read())
    place = data.find(b"\x10\x00\x10\x00PN")
    name = b"EvilName<script>alert(1)</script>"
    name += b" " * (len(name) % 2)
    if place >= 0:
        size = struct.unpack("<H", data[place + 6 : place + 8])[0]
        data[place + 6 : place + 8 + size] = struct.pack("<H", len(name)) + name
    return predicted(part("<script>alert(1)</script>.dcm", bytes(data)))


def parallel():
    body = part("a.dcm", open(SLICE, "rb").read()) + b"--xyz--\r\n"
    ends = []
    go = threading.Event()

    def one():
        go.wait()
        try:
            ends.append(ask(rest=FORM, body=body)[0])
        except OSError as error:
            ends.append(type(error).__name__)

    threads = [threading.Thread(target=one) for _ in range(2000)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()
    return str({end: ends.count(end) for end in sorted(set(ends))})


def peak():
    text = open(f"/proc/{server.pid}/status").read()
    return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) >> 10


while ask("GET", "/v2/health/ready")[0] != "200":
    time.sleep(0.1)
print(f"ready: {peak()} MiB, 1 slice: {predicted(part('a.dcm', open(SLICE, 'rb').read()))}, {peak()} MiB\n")
ATTACKS = [
    ("body of 10 GB by its Content-Length", length),
    ("endless body", endless),
    ("header that claims gigabytes", claims),
    ("100,000 parts", lambda: ask(rest=FORM, body=b"".join(part(f"{n}.dcm", b"") for n in range(100_000)))[0]),
    ("gzip bomb", lambda: ask(rest=FORM + "Content-Encoding: gzip\r\n", body=gzip.compress(bytes(50 << 20)))[0]),
    ("path traversal in file names", lambda: predicted(part("../../../../etc/passwd", open(SLICE, "rb").read()))),
    ("markup in PatientName and in a file name", markup),
    ("wrong Host", lambda: ask("GET", "/v1/exams", host="evil.example")[0]),
    ("cross-site POST", lambda: ask(rest=FORM + "Origin: http://evil.example\r\n", body=b"x")[0]),
    ("head without an end, 1 MiB", lambda: ask("GET", "/", rest="A: " + "a" * (1 << 20) + "\r\n")[0]),
    ("2,000 requests at once", parallel),
    ("500 slow clients", slow),
]
print("| attack | answer | peak memory, MiB | health |\n| --- | --- | ---: | --- |")
for name, attack in ATTACKS:
    end = attack()
    while b'"queued"' in ask("GET", "/v1/exams")[1]:
        time.sleep(0.1)
    print(f"| {name} | {end} | {peak()} | {ask('GET', '/v2/health/live')[0]} |", flush=True)
server.terminate()
print(f"\nstopped with {server.wait()}", file=sys.stderr)
