"""Exams a minute of `ichflow serve` beside `ichflow predict` over the same directory, and latency at half of that.

    python benches/serve/load.py target/release/ichflow BUNDLE DIRECTORY

DIRECTORY has a directory an exam. Rounds alternate; the median of each counts. Linux; the standard library only."""

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

PROGRAM, BUNDLE, DIRECTORY = sys.argv[1:4]
ROUNDS = 3
EXAMS = [sorted(glob.glob(os.path.join(directory, "*"))) for directory in sorted(glob.glob(os.path.join(DIRECTORY, "*/")))]
SLICES = sum(map(len, EXAMS))

server = subprocess.Popen([PROGRAM, "serve", BUNDLE, "--addr", "127.0.0.1:0", "--device", "cpu", "--keep", "1"], stderr=subprocess.PIPE)
PORT = int(re.search(rb"http://127.0.0.1:(\d+)", next(l for l in server.stderr if b"http://" in l))[1])
threading.Thread(target=lambda: [None for _ in server.stderr], daemon=True).start()


def ask(method, path, body=None, headers={}):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=600)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, data


def form(files):
    body = b""
    for path in files:
        with open(path, "rb") as file:
            name = os.path.basename(path).encode()
            body += b'--xyz\r\nContent-Disposition: form-data; name="f"; filename="' + name + b'"\r\n\r\n' + file.read() + b"\r\n"
    return body + b"--xyz--\r\n"


def send(body):
    while True:
        status, data = ask("POST", "/v1/exams", body, {"Content-Type": "multipart/form-data; boundary=xyz"})
        if status == 202:
            return json.loads(data)["id"]
        assert status == 503, (status, data)
        time.sleep(0.2)


def wait(id):
    """By the events, which come as it goes on."""
    _, data = ask("GET", f"/v1/exams/{id}/events")
    last = json.loads(data.decode().strip().rsplit("data: ", 1)[1])
    assert last["state"] == "done", last
    return last


def of_command():
    began = time.time()
    subprocess.run([PROGRAM, "predict", BUNDLE, DIRECTORY, "--out", "/dev/null", "--device", "cpu"], check=False, stderr=subprocess.DEVNULL)
    return time.time() - began


def of_server(bodies):
    began = time.time()
    ids = []
    for body in bodies:
        ids.append(send(body))
    for id in ids:
        wait(id)
    took = time.time() - began
    for id in ids:
        ask("DELETE", f"/v1/exams/{id}")
    return took


while ask("GET", "/v2/health/ready")[0] != 200:
    time.sleep(0.1)
bodies = [form(files) for files in EXAMS]
print(f"{len(EXAMS)} exams, {SLICES} slices")
of_command(), of_server(bodies)
command, served = [], []
for _ in range(ROUNDS):
    command.append(of_command())
    served.append(of_server(bodies))
for name, times in (("predict", command), ("serve", served)):
    took = statistics.median(times)
    print(f"{name}: {60 * len(EXAMS) / took:.1f} exams/min, {SLICES / took:.1f} slices/s ({', '.join(f'{t:.2f}' for t in times)} s)")
print(f"serve / predict: {statistics.median(c / s for c, s in zip(command, served)):.2f}")

# Half of what it can do, one exam after the other at even times.
pace = 2 * statistics.median(served) / len(EXAMS)
latencies, threads = [], []


def one(body):
    began = time.time()
    id = send(body)
    wait(id)
    latencies.append(time.time() - began)
    ask("DELETE", f"/v1/exams/{id}")


for number in range(max(40, len(bodies))):
    thread = threading.Thread(target=one, args=(bodies[number % len(bodies)],))
    thread.start()
    threads.append(thread)
    time.sleep(pace)
for thread in threads:
    thread.join()
latencies.sort()
print(f"half load (an exam each {pace:.2f} s): median {statistics.median(latencies):.2f} s, 95th percentile {latencies[int(0.95 * len(latencies))]:.2f} s")

server.terminate()
server.wait()
