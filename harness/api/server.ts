/** The gRPC server: every method of etcd's, served or refused in words. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type handleUnaryCall,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { Log } from "../transport/index.js";
import { EtcdError } from "./errors.js";
import { type EtcdService, REQUEST_BYTES_MAX } from "./service.js";

/** A message may be so much longer than the request that is in it, as in etcd; beyond it the transport refuses. Bytes. */
const OVERHEAD_BYTES = 512 * 1024;

/** Called when a method is called, and with the outcome when it is answered. */
export type OnCall = (service: string, method: string, code: status | null) => void;

type Served = { readonly [service: string]: { readonly [method: string]: (message: never) => unknown } };

function served(etcd: EtcdService): Served {
  return {
    KV: {
      Range: etcd.range.bind(etcd),
      Put: etcd.put.bind(etcd),
      DeleteRange: etcd.deleteRange.bind(etcd),
      Txn: etcd.txn.bind(etcd),
      Compact: etcd.compact.bind(etcd),
    },
    Cluster: { MemberList: etcd.memberList.bind(etcd) },
    Maintenance: { Status: etcd.status.bind(etcd), Alarm: etcd.alarm.bind(etcd) },
  };
}

export interface EtcdServer {
  /** host:port that it listens on. */
  readonly address: string;
  close(): Promise<void>;
}

/** Rejects if the address cannot be had. */
export async function serveEtcd(etcd: EtcdService, address: string, log: Log, onCall: OnCall): Promise<EtcdServer> {
  const server = new Server({
    "grpc.max_receive_message_length": REQUEST_BYTES_MAX + OVERHEAD_BYTES,
    "grpc.max_send_message_length": -1,
    // Its books about each call cost more than a write to the log.
    "grpc.enable_channelz": 0,
  });
  const methods = served(etcd);
  for (const [service, definition] of definitions())
    server.addService(definition, implementation(service, definition, methods[service] ?? {}, log, onCall));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return {
    address: `${address.slice(0, address.lastIndexOf(":"))}:${port}`,
    close: async () => {
      server.forceShutdown();
    },
  };
}

function implementation(
  service: string,
  definition: ServiceDefinition,
  methods: Served[string],
  log: Log,
  onCall: OnCall,
): UntypedServiceImplementation {
  const handlers: UntypedServiceImplementation = {};
  for (const name of Object.keys(definition)) {
    const method = methods[name];
    const { requestStream, responseStream } = definition[name] as ServiceDefinition[string];
    if (method !== undefined) handlers[name] = unary(service, name, method, log, onCall);
    else handlers[name] = unserved(service, name, requestStream || responseStream, onCall);
  }
  return handlers;
}

function unary(
  service: string,
  method: string,
  run: (message: never) => unknown,
  log: Log,
  onCall: OnCall,
): handleUnaryCall<object, unknown> {
  // What the loader has decoded is a message of the method's type.
  const answer = async (message: object): Promise<unknown> => run(message as never);
  return (call, callback) => {
    onCall(service, method, null);
    answer(call.request).then(
      (value) => {
        onCall(service, method, status.OK);
        callback(null, value);
      },
      (error: unknown) => {
        const told =
          error instanceof EtcdError ? error : new EtcdError(status.INTERNAL, "Synod: a bug; the node's log has it");
        if (told !== error) log.warn({ method, error: String(error) }, "a call failed for a bug");
        onCall(service, method, told.code);
        callback({ code: told.code, details: told.details });
      },
    );
  };
}

/** What was refused, and by whom: a client's own words name only the method. */
function unserved(
  service: string,
  method: string,
  streams: boolean,
  onCall: OnCall,
): UntypedServiceImplementation[string] {
  const details = `Synod does not serve etcd's ${service}.${method}`;
  const error = { code: status.UNIMPLEMENTED, details };
  const count = (): void => {
    onCall(service, method, null);
    onCall(service, method, status.UNIMPLEMENTED);
  };
  if (!streams) {
    return (_call: unknown, callback: (error: object) => void) => {
      count();
      callback(error);
    };
  }
  return (call: { emit(event: "error", error: object): boolean }) => {
    count();
    call.emit("error", error);
  };
}

/** Services of proto/rpc.proto by their short names. */
function definitions(): readonly (readonly [string, ServiceDefinition])[] {
  const folder = protoFolder();
  const loaded = loadPackageDefinition(
    loadSync("rpc.proto", {
      includeDirs: [folder],
      keepCase: true,
      longs: Number,
      defaults: true,
      arrays: true,
      oneofs: true,
    }),
  );
  const services: (readonly [string, ServiceDefinition])[] = [];
  for (const [name, value] of Object.entries(loaded["etcdserverpb"] as object)) {
    const { service } = value as { readonly service?: ServiceDefinition };
    if (service !== undefined) services.push([name, service]);
  }
  return services;
}

/** They are read from the source tree, also by compiled code. */
function protoFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const found = join(folder, "harness", "api", "proto");
    if (existsSync(found)) return found;
    if (folder === dirname(folder)) throw new Error(`no harness/api/proto above ${fileURLToPath(import.meta.url)}`);
  }
}
