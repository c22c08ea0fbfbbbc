"""Memory of `ichflow serve` at a low rate of exams over a long time.

    nice -n 19 python benches/serve/soak.py target/release/ichflow BUNDLE DIRECTORY MINUTES

DIRECTORY has a directory an exam; one is sent each ten seconds, looked at as a reader does, and kept for two minutes, until
the server forgets it. RSS is read each time. Linux; the standard library only."""

import glob
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time

PROGRAM, BUNDLE, DIRECTORY, MINUTES = sys.argv[1:5]
server = subprocess.Popen([PROGRAM, "serve", BUNDLE, "--addr", "127.0.0.1:0", "--device", "cpu", "--keep", "2"], stderr=subprocess.PIPE)
PORT = int(re.search(rb"http://127.0.0.1:(\d+)", next(l for l in server.stderr if b"http://" in l))[1])
threading.Thread(target=lambda: [None for _ in server.stderr], daemon=True).start()


def ask(method, path, body=None, headers={}):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=600)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, data


def status(name):
    return int(re.search(name + r":\s+(\d+)", open(f"/proc/{server.pid}/status").read())[1]) / 1024


def form(directory):
    body = b""
    for path in sorted(glob.glob(os.path.join(directory, "*"))):
        name = os.path.basename(path).encode()
        body += b'--xyz\r\nContent-Disposition: form-data; name="f"; filename="' + name + b'"\r\n\r\n' + open(path, "rb").read() + b"\r\n"
    return body + b"--xyz--\r\n"


while ask("GET", "/v2/health/ready")[0] != 200:
    time.sleep(0.1)
bodies = [form(directory) for directory in sorted(glob.glob(os.path.join(DIRECTORY, "*/")))[:4]]
began, readings, exams = time.time(), [], 0
while time.time() - began < 60 * float(MINUTES):
    id = json.loads(ask("POST", "/v1/exams", bodies[exams % len(bodies)], {"Content-Type": "multipart/form-data; boundary=xyz"})[1])["id"]
    ask("GET", f"/v1/exams/{id}/events")
    assert json.loads(ask("GET", f"/v1/exams/{id}")[1])["state"] == "done"
    for path in ("exams/0/view", "slices/0/hu", "slices/1/window.png", "slices/1/heat/any"):
        assert ask("GET", f"/v1/exams/{id}/{path}")[0] == 200
    exams += 1
    readings.append((time.time() - began, status("VmRSS")))
    print(f"{readings[-1][0]:.0f} s: {readings[-1][1]:.1f} MiB", file=sys.stderr, flush=True)
    time.sleep(10)
half = [value for at, value in readings if at > 180]
parts = [half[len(half) * part // 4 : len(half) * (part + 1) // 4] for part in range(4)]
print(f"{exams} exams in {(time.time() - began) / 60:.0f} min; peak {status('VmHWM'):.0f} MiB")
print("mean RSS of each quarter after the third minute: " + ", ".join(f"{statistics.mean(part):.1f}" for part in parts if part) + " MiB")
server.terminate()
print(f"stopped with {server.wait()}")
