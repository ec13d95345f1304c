/** The messages of proto/rpc.proto as the loader gives them: every field is there, with proto3's default if it was not sent. */

export interface KeyValueMessage {
  readonly key: Buffer;
  readonly create_revision: number;
  readonly mod_revision: number;
  readonly version: number;
  readonly value: Buffer;
  readonly lease: number;
}

export interface HeaderMessage {
  readonly cluster_id?: number;
  readonly member_id?: number;
  readonly revision?: number;
  readonly raft_term?: number;
}

export interface RangeRequest {
  readonly key: Buffer;
  readonly range_end: Buffer;
  readonly limit: number;
  readonly revision: number;
  readonly sort_order: number;
  readonly sort_target: number;
  readonly serializable: boolean;
  readonly keys_only: boolean;
  readonly count_only: boolean;
  readonly min_mod_revision: number;
  readonly max_mod_revision: number;
  readonly min_create_revision: number;
  readonly max_create_revision: number;
}

export interface RangeResponse {
  readonly header: HeaderMessage;
  readonly kvs: readonly KeyValueMessage[];
  readonly more: boolean;
  readonly count: number;
}

export interface PutRequest {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly lease: number;
  readonly prev_kv: boolean;
  readonly ignore_value: boolean;
  readonly ignore_lease: boolean;
}

export interface PutResponse {
  readonly header: HeaderMessage;
  readonly prev_kv: KeyValueMessage | null;
}

export interface DeleteRangeRequest {
  readonly key: Buffer;
  readonly range_end: Buffer;
  readonly prev_kv: boolean;
}

export interface DeleteRangeResponse {
  readonly header: HeaderMessage;
  readonly deleted: number;
  readonly prev_kvs: readonly KeyValueMessage[];
}

/** `request` names the member that is set; without it none is. */
export interface RequestOp {
  readonly request?: "request_range" | "request_put" | "request_delete_range" | "request_txn";
  readonly request_range?: RangeRequest;
  readonly request_put?: PutRequest;
  readonly request_delete_range?: DeleteRangeRequest;
  readonly request_txn?: TxnRequest;
}

export type ResponseOp =
  | { readonly response_range: RangeResponse }
  | { readonly response_put: PutResponse }
  | { readonly response_delete_range: DeleteRangeResponse }
  | { readonly response_txn: TxnResponse };

export interface CompareMessage {
  readonly result: number;
  readonly target: number;
  readonly key: Buffer;
  readonly range_end: Buffer;
  readonly version?: number;
  readonly create_revision?: number;
  readonly mod_revision?: number;
  readonly value?: Buffer;
  readonly lease?: number;
}

export interface TxnRequest {
  readonly compare: readonly CompareMessage[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}

export interface TxnResponse {
  readonly header: HeaderMessage;
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOp[];
}

export interface CompactionRequest {
  readonly revision: number;
  readonly physical: boolean;
}

export interface CompactionResponse {
  readonly header: HeaderMessage;
}

export interface MemberMessage {
  readonly ID: number;
  readonly name: string;
  readonly peerURLs: readonly string[];
  readonly clientURLs: readonly string[];
  readonly isLearner: boolean;
}

export interface MemberListResponse {
  readonly header: HeaderMessage;
  readonly members: readonly MemberMessage[];
}

export interface StatusResponse {
  readonly header: HeaderMessage;
  readonly version: string;
  readonly dbSize: number;
  readonly leader: number;
  readonly raftIndex: number;
  readonly raftTerm: number;
  readonly raftAppliedIndex: number;
  readonly errors: readonly string[];
  readonly dbSizeInUse: number;
  readonly isLearner: boolean;
}

export interface AlarmRequest {
  readonly action: number;
}

export interface AlarmResponse {
  readonly header: HeaderMessage;
  readonly alarms: readonly never[];
}
