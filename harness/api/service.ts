/** What each method does: etcd's KV, Cluster and Maintenance over a backend. Handlers reject with EtcdError. */
import { status as code } from "@grpc/grpc-js";
import { decodeAnswer, encodeRequest, type Mvcc } from "../host/index.js";
import type { ServedMember } from "../transport/index.js";
import type { Backend } from "./backend.js";
import { EtcdError, etcdError } from "./errors.js";
import { idOf } from "./identity.js";
import type {
  AlarmRequest,
  AlarmResponse,
  CompactionRequest,
  CompactionResponse,
  DeleteRangeRequest,
  DeleteRangeResponse,
  HeaderMessage,
  MemberListResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  StatusResponse,
  TxnRequest,
  TxnResponse,
} from "./messages.js";
import { deleteStep, isReadOnly, isSerializable, putStep, rangeStep, single, transaction } from "./requests.js";
import { deleteResponse, putResponse, rangeResponse, refusalError, txnResponse } from "./responses.js";

/** etcd's default of --max-request-bytes. */
export const REQUEST_BYTES_MAX = 1.5 * 2 ** 20;
/** The version of etcd whose interface this is; what comes after the plus sign is no part of a version's order. */
const VERSION = "3.4.0+synod";

export class EtcdService {
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async range(message: RangeRequest): Promise<RangeResponse> {
    const request = single(rangeStep(message));
    const [step] = (await this.#read(request, message.serializable)).steps;
    return rangeResponse(expected(step, "range"), this.#header);
  }

  async put(message: PutRequest): Promise<PutResponse> {
    const put = putStep(message);
    // Within a transaction a missing key is told first.
    if (put.leased) throw etcdError("leaseNotFound");
    const [step] = (await this.#write(single(put))).steps;
    return putResponse(expected(step, "put"), this.#header);
  }

  async deleteRange(message: DeleteRangeRequest): Promise<DeleteRangeResponse> {
    const [step] = (await this.#write(single(deleteStep(message)))).steps;
    return deleteResponse(expected(step, "delete"), this.#header);
  }

  async txn(message: TxnRequest): Promise<TxnResponse> {
    const request = transaction(message);
    const answer = isReadOnly(request)
      ? await this.#read(request, isSerializable(message))
      : await this.#write(request);
    return txnResponse(answer, this.#header);
  }

  async compact({ revision }: CompactionRequest): Promise<CompactionResponse> {
    const answer = decodeAnswer(await this.#backend.write(encodeRequest({ type: "compact", revision })));
    if (answer.type === "refused") throw refusalError(answer.refusal);
    return { header: this.#header(answer.revision) };
  }

  /** The members are those that every node was started with, so there is nobody to ask. */
  memberList(): MemberListResponse {
    const { members, cluster } = this.#backend;
    const header = this.#header(0);
    return { header: { ...header, revision: 0 }, members: members.map((member) => memberMessage(cluster, member)) };
  }

  status(): StatusResponse {
    const { cluster, members, self } = this.#backend;
    const { revision, round, leader, lastIndex, appliedIndex, storeBytes } = this.#backend.status();
    const leading = members.find(({ ordinal }) => ordinal === leader);
    return {
      header: this.#header(revision),
      version: VERSION,
      dbSize: storeBytes,
      dbSizeInUse: storeBytes,
      leader: leading === undefined ? 0 : idOf(cluster, leading.id),
      raftIndex: lastIndex,
      raftTerm: round,
      raftAppliedIndex: appliedIndex,
      errors: leading === undefined ? ["etcdserver: no leader"] : [],
      isLearner: self.role === "learner",
    };
  }

  /** There are no alarms: nothing here runs full. Asking for them is part of a client's look at a member's health. */
  alarm({ action }: AlarmRequest): AlarmResponse {
    if (action !== 0) throw new EtcdError(code.UNIMPLEMENTED, "Synod has no alarms: only GET is served");
    return { header: this.#header(this.#backend.status().revision), alarms: [] };
  }

  async #write(request: Mvcc.Transaction): Promise<Mvcc.TransactionAnswer> {
    return answerOf(await this.#backend.write(encoded(request)));
  }

  async #read(request: Mvcc.Transaction, serializable: boolean): Promise<Mvcc.TransactionAnswer> {
    return answerOf(await this.#backend.read(encoded(request), serializable ? "local" : "linearizable"));
  }

  readonly #header = (revision: number): HeaderMessage => {
    const { cluster, self } = this.#backend;
    return {
      cluster_id: idOf(cluster, null),
      member_id: idOf(cluster, self.id),
      revision,
      raft_term: this.#backend.round,
    };
  };
}

function encoded(request: Mvcc.Transaction): Uint8Array {
  const bytes = encodeRequest(request);
  if (bytes.length > REQUEST_BYTES_MAX) throw etcdError("requestTooLarge");
  return bytes;
}

function answerOf(bytes: Uint8Array): Mvcc.TransactionAnswer {
  const answer = decodeAnswer(bytes);
  if (answer.type === "refused") throw refusalError(answer.refusal);
  if (answer.type !== "txn") throw new TypeError(`a transaction was answered with "${answer.type}"`);
  return answer;
}

function expected<T extends Mvcc.StepAnswer["type"]>(
  step: Mvcc.StepAnswer | undefined,
  type: T,
): Extract<Mvcc.StepAnswer, { readonly type: T }> {
  if (step?.type !== type) throw new TypeError(`a step was answered with "${step?.type ?? "nothing"}", not "${type}"`);
  return step as Extract<Mvcc.StepAnswer, { readonly type: T }>;
}

function memberMessage(cluster: string, { id, peer, etcd, role }: ServedMember): MemberListResponse["members"][number] {
  return {
    ID: idOf(cluster, id),
    name: id,
    // Peers speak Synod's own protocol there, not HTTP: an address is not a URL that etcd could dial.
    peerURLs: [`synod://${peer}`],
    clientURLs: etcd === null ? [] : [`http://${etcd}`],
    isLearner: role === "learner",
  };
}
