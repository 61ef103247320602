import assert from "node:assert/strict";
import { test } from "node:test";
import { connectTo, freePorts, LOOPBACK } from "../../../test/wire/sockets.ts";
import { Acceptor } from "./acceptor.ts";
import { EMFILE } from "./errno.ts";
import { EPOLL_CTL_ADD, type Libc, loadLibc } from "./libc.ts";
import { SocketListener } from "./listening-socket.ts";
import { Reactor } from "./reactor.ts";

const loaded = loadLibc();
const skip = "problem" in loaded ? loaded.problem : false;
const ENOMEM = 12;

/** An acceptor on a new port, with a C library some of whose calls fail. */
async function startAcceptor(faults: (libc: Libc) => Partial<Libc>) {
  assert.ok("libc" in loaded);
  const { libc } = loaded;
  const [port = 0] = await freePorts(1);
  const opened = new SocketListener(libc).open({ address: LOOPBACK, port }, 1);
  assert.ok("fds" in opened);
  const faulty = { ...libc, ...faults(libc) };
  const reactor = new Reactor({ libc: faulty, openDescriptors: new Uint8Array(4_096), pipeCap: 0, tickMs: 10 });
  const paused: string[] = [];
  const accepted: number[] = [];
  const acceptor = new Acceptor(opened.fds[0] ?? -1, port, {
    reactor,
    accepted: (fd) => {
      accepted.push(fd);
      libc.close(fd);
    },
    paused: (error) => void paused.push(error),
    defect: (error) => assert.fail(String(error)),
  });
  const runUntilAccepted = (count: number) => {
    for (let turn = 0; accepted.length < count; turn++) {
      assert.ok(turn < 200, `accepted ${accepted.length}, paused by ${paused}`);
      reactor.turn(performance.now() + 50);
    }
  };
  return { acceptor, reactor, port, paused, runUntilAccepted };
}

test("a pause continues until the socket is registered again, after any number of failures", { skip }, async (t) => {
  let failsToAccept = true;
  let failsToAdd = 0;
  const { acceptor, port, paused, runUntilAccepted } = await startAcceptor((libc) => ({
    accept: (fd, address) => {
      if (!failsToAccept) return libc.accept(fd, address);
      failsToAccept = false;
      failsToAdd = 3;
      return -EMFILE;
    },
    epollControl: (epoll, operation, fd, event) =>
      operation === EPOLL_CTL_ADD && failsToAdd-- > 0 ? -ENOMEM : libc.epollControl(epoll, operation, fd, event),
  }));
  const client = await connectTo(port);
  t.after(() => client.destroy());
  runUntilAccepted(1);
  assert.deepEqual(paused, ["EMFILE", "ENOMEM", "ENOMEM", "ENOMEM"]);
  acceptor.close();
});

test("a socket that cannot be registered at first is registered later", { skip }, async (t) => {
  let failsToAdd = 2;
  const { acceptor, port, paused, runUntilAccepted } = await startAcceptor((libc) => ({
    epollControl: (epoll, operation, fd, event) =>
      operation === EPOLL_CTL_ADD && failsToAdd-- > 0 ? -ENOMEM : libc.epollControl(epoll, operation, fd, event),
  }));
  const client = await connectTo(port);
  t.after(() => client.destroy());
  runUntilAccepted(1);
  assert.deepEqual(paused, ["ENOMEM", "ENOMEM"]);
  acceptor.close();
});

test("a socket that is released stays open, and another acceptor has what waits in its queue", { skip }, async (t) => {
  const { acceptor, port, reactor } = await startAcceptor(() => ({}));
  const fd = findDescriptor(reactor, acceptor);
  acceptor.release();
  const client = await connectTo(port);
  t.after(() => client.destroy());
  reactor.turn(performance.now());
  const accepted: number[] = [];
  const next = new Acceptor(fd, port, {
    reactor,
    accepted: (client) => {
      accepted.push(client);
      reactor.libc.close(client);
    },
    paused: (error) => assert.fail(error),
    defect: (error) => assert.fail(String(error)),
  });
  for (let turn = 0; accepted.length === 0; turn++) {
    assert.ok(turn < 100, "it is accepted");
    reactor.turn(performance.now() + 50);
  }
  next.close();
});

function findDescriptor({ descriptors }: Reactor, acceptor: Acceptor): number {
  for (let fd = 0; fd < 4_096; fd++) if (descriptors.presentOwner(fd) === acceptor) return fd;
  return assert.fail("the socket's descriptor");
}
