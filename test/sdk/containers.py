"""What programs do with Python's docker SDK, against the daemon at DOCKER_HOST.

    python3 containers.py PREFIX

The names of all that is made begin with PREFIX.
"""
import io
import sys
import threading
import time

import docker

prefix = sys.argv[1]
client = docker.from_env(timeout=60)


def check(what, got, want):
    if got != want:
        raise AssertionError(f"{what}: {got!r}, not {want!r}")


def refused(kind, status, words, call):
    """Sees that a call is refused, with a status and words that say why."""
    try:
        call()
    except kind as e:
        check("status", e.status_code, status)
        if words not in e.explanation:
            raise AssertionError(f"{e.explanation!r} does not say {words!r}")
        return
    raise AssertionError(f"not refused: {words}")


def runs_and_gives_its_output():
    check("output", client.containers.run("busybox", ["echo", "hello"], remove=True), b"hello\n")
    both = client.containers.run("busybox", ["sh", "-c", "echo out; echo err >&2"], remove=True, stdout=True, stderr=True)
    check("both, in any order", sorted(both.split()), [b"err", b"out"])
    refused_run = None
    try:
        client.containers.run("busybox", ["sh", "-c", "echo why >&2; exit 3"], remove=True)
    except docker.errors.ContainerError as e:
        refused_run = (e.exit_status, e.stderr)
    check("a failed run", refused_run, (3, b"why\n"))


def starts_lists_and_removes():
    c = client.containers.run("busybox", ["sleep", "1000"], detach=True, name=prefix + "life", labels={"of": prefix},
                              environment={"A": "b"}, mem_limit="64m", hostname="life")
    check("list", [x.name for x in client.containers.list(filters={"label": "of=" + prefix})], [c.name])
    c.reload()
    check("status", c.status, "running")
    check("image", "busybox:latest" in [t.split("/")[-1] for t in c.image.tags], True)
    check("limit", c.attrs["HostConfig"]["Memory"], 64 << 20)
    check("top", c.top()["Processes"][0][-1], "sleep 1000")
    c.pause()
    c.reload()
    check("paused", c.status, "paused")
    c.unpause()
    c.rename(prefix + "renamed")
    c.update(mem_limit="128m", memswap_limit="256m")
    c.restart(timeout=0)
    c = client.containers.get(prefix + "renamed")
    check("status", c.status, "running")
    check("limit", c.attrs["HostConfig"]["Memory"], 128 << 20)
    c.stop(timeout=0)
    check("end", c.wait(timeout=30)["StatusCode"], 137)
    check("listed", [x.status for x in client.containers.list(all=True, filters={"label": "of=" + prefix})], ["exited"])
    c.remove()
    refused(docker.errors.NotFound, 404, "No such container", lambda: client.containers.get(prefix + "renamed"))


def executes():
    c = client.containers.run("busybox", ["sleep", "1000"], detach=True, name=prefix + "exec")
    check("exec", tuple(c.exec_run(["sh", "-c", "echo $A; exit 4"], environment={"A": "b"})), (4, b"b\n"))
    check("apart", tuple(c.exec_run(["sh", "-c", "echo out; echo err >&2"], demux=True)), (0, (b"out\n", b"err\n")))
    check("user", c.exec_run(["id", "-u"], user="1000", workdir="/tmp").output, b"1000\n")
    check("terminal", c.exec_run(["tty"], tty=True).output, b"/dev/pts/0\r\n")
    check("stream", b"".join(c.exec_run(["seq", "3"], stream=True).output), b"1\n2\n3\n")
    made = client.api.exec_create(c.id, ["cat"], stdin=True)
    s = client.api.exec_start(made["Id"], socket=True)
    sock = getattr(s, "_sock", s)
    sock.sendall(b"typed\n")
    sock.shutdown(1)
    check("typed", s.readall(), b"\x01\0\0\0\0\0\0\x06typed\n")
    s.close()
    check("exit code", client.api.exec_inspect(made["Id"])["ExitCode"], 0)
    refused(docker.errors.APIError, 409, "is not running", lambda: (c.kill(), c.wait(), c.exec_run("true")))
    c.remove()


def reads_logs():
    c = client.containers.run("busybox", ["sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.1; done; echo end >&2"], detach=True, name=prefix + "logs")
    check("followed", b"".join(c.logs(stream=True, follow=True)), b"1\n2\n3\nend\n")
    check("tail", c.logs(tail=2), b"3\nend\n")
    check("stdout", c.logs(stderr=False), b"1\n2\n3\n")
    stamp = c.logs(timestamps=True, tail=1).split()[0]
    check("timestamp", (len(stamp) > 20, stamp[-1:]), (True, b"Z"))
    check("since", c.logs(since=int(time.time()) + 100), b"")
    c.remove()


def tells_what_it_uses():
    c = client.containers.run("busybox", ["sh", "-c", "while :; do :; done"], detach=True, name=prefix + "stats", cpu_quota=20000)
    once = c.stats(stream=False)
    check("name", once["name"], "/" + c.name)
    for of in (once["cpu_stats"]["cpu_usage"]["total_usage"], once["memory_stats"]["usage"], once["pids_stats"]["current"]):
        check("used", of > 0, True)
    stream = c.stats(decode=True)
    first, second = next(stream), next(stream)
    check("grows", second["cpu_stats"]["cpu_usage"]["total_usage"] > first["cpu_stats"]["cpu_usage"]["total_usage"], True)
    stream.close()
    c.remove(force=True)


def hears_events():
    seen, since = [], time.time()
    events = client.events(decode=True, since=int(since) - 1, filters={"container": prefix + "heard", "type": "container"})

    def listen():
        for e in events:
            seen.append(e["Action"])
            if e["Action"] == "destroy":
                return

    listener = threading.Thread(target=listen)
    listener.start()
    client.containers.run("busybox", "true", name=prefix + "heard", remove=True)
    listener.join(30)
    events.close()
    check("events", [a for a in seen if a in ("create", "start", "die", "destroy")], ["create", "start", "die", "destroy"])


def attaches():
    c = client.containers.create("busybox", ["sh", "-c", "read line; echo got $line"], stdin_open=True, name=prefix + "attach")
    s = c.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
    c.start()
    sock = getattr(s, "_sock", s)
    sock.sendall(b"it\n")
    check("attached", s.readall(), b"\x01\0\0\0\0\0\0\x07got it\n")
    s.close()
    check("end", c.wait()["StatusCode"], 0)
    check("log", c.attach(logs=True, stream=False), b"got it\n")
    c.remove()


def copies():
    c = client.containers.create("busybox", "true", name=prefix + "copy")
    archive = b"".join(c.get_archive("/etc/passwd")[0])
    check("put", c.put_archive("/tmp", archive), True)
    check("stat", c.get_archive("/tmp/passwd")[1]["name"], "passwd")
    c.remove()


def refuses():
    refused(docker.errors.NotFound, 404, "No such image", lambda: client.api.create_container("no-such-image:here", "true"))
    c = client.containers.create("busybox", "true", name=prefix + "taken")
    refused(docker.errors.APIError, 409, "is already in use by container", lambda: client.containers.create("busybox", name=prefix + "taken"))
    refused(docker.errors.APIError, 409, "is not running", lambda: c.kill())
    refused(docker.errors.APIError, 400, "no-such-program", lambda: client.containers.run("busybox", "no-such-program", name=prefix + "missing"))
    client.containers.get(prefix + "missing").remove()
    c.start()
    c.wait()
    c.remove()
    refused(docker.errors.NotFound, 404, "No such container", lambda: c.remove())


def builds():
    dockerfile = b"FROM busybox\nARG WHO\nRUN echo built for $WHO >/made\nCMD cat /made\n"
    image, log = client.images.build(fileobj=io.BytesIO(dockerfile), tag=prefix + "built", buildargs={"WHO": "python"}, labels={"of": prefix}, rm=True, forcerm=True)
    check("steps", [x["stream"] for x in log if x.get("stream", "").startswith("Step 3")], ["Step 3/4 : RUN echo built for $WHO >/made\n"])
    check("label", image.labels["of"], prefix)
    check("output", client.containers.run(prefix + "built", remove=True), b"built for python\n")
    try:
        client.images.build(fileobj=io.BytesIO(b"FROM busybox\nRUN exit 5\n"))
        raise AssertionError("a failing step is no failure")
    except docker.errors.BuildError as e:
        check("failure", "returned a non-zero code: 5" in e.msg, True)
    refused(docker.errors.APIError, 400, "unknown instruction: FOO", lambda: client.images.build(fileobj=io.BytesIO(b"FROM busybox\nFOO\n")))
    client.images.remove(prefix + "built")


for test in (runs_and_gives_its_output, starts_lists_and_removes, executes, reads_logs, tells_what_it_uses, hears_events, attaches, copies, builds, refuses):
    print(test.__name__, flush=True)
    test()
print("all is well")
