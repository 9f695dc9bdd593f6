import type { Connection } from "pg";
import type { Encoded } from "./encode.ts";
import type { Statement } from "./statement.ts";

const SLAB_BYTES = 64 * 1024;

/** Statements that one connection keeps prepared. Beyond that the oldest goes. */
const PREPARED_MAX = 500;

/** No result format codes (all text); Execute of the unnamed portal, all rows; Sync. */
const BIND_END = Buffer.from([0, 0, 0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0x53, 0, 0, 0, 4]);

const PARSE = 0x50;
const BIND = 0x42;
const CLOSE = 0x43;
const STATEMENT = 0x53;

/** That the server was asked, once, to prepare a statement on this connection. After a failure it is asked anew, which is another one. */
export interface Prepared {
  readonly name: string;
}

const EMPTY = Buffer.alloc(0);
const UNNAMED: Prepared = { name: "" };

/**
 * The calls of one connection, on their way out. Each is Parse where it is needed, Bind, Execute and Sync; never Describe, for the contract
 * says which columns come. What is sent in one tick leaves in one write.
 */
export class Wire {
  readonly #connection: Connection;
  /** By the statement's name, which two statements of the same text share. Insertion order is age. */
  readonly #prepared: Map<string, Prepared> = new Map();
  #buffer: Buffer = EMPTY;
  #start = 0;
  #end = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Whether something leaves at the end of this tick. */
  get leaving(): boolean {
    return this.#end > this.#start;
  }

  /** Adds a call to what leaves at the end of this tick. Answers with what {@link forget} has to be told. */
  send(statement: Statement, values: readonly Encoded[], named: boolean): Prepared {
    if (this.#start === this.#end) process.nextTick(() => this.#flush());
    const prepared = (named ? this.#prepared.get(statement.name) : undefined) ?? this.#parse(statement, named);
    this.#bind(prepared.name, values);
    return prepared;
  }

  /** Has a statement prepared anew at its next call, because the server no longer takes it as it was prepared. */
  forget(statement: Statement, prepared: Prepared): void {
    if (this.#prepared.get(statement.name) === prepared) this.#drop(prepared);
  }

  #parse(statement: Statement, named: boolean): Prepared {
    if (named && this.#prepared.size >= PREPARED_MAX)
      for (const oldest of this.#prepared.values()) {
        this.#drop(oldest);
        break;
      }
    const prepared = named ? { name: statement.name } : UNNAMED;
    if (named) this.#prepared.set(prepared.name, prepared);
    this.#reserve(8 + 3 * (prepared.name.length + statement.text.length));
    const length = this.#header(PARSE);
    this.#cstring(prepared.name);
    this.#cstring(statement.text);
    this.#int16(0);
    this.#finish(length);
    return prepared;
  }

  /** Closing a statement that isn't there is no error, and answers of calls before it are not touched by it. */
  #drop({ name }: Prepared): void {
    this.#prepared.delete(name);
    if (this.#start === this.#end) process.nextTick(() => this.#flush());
    this.#reserve(7 + 3 * name.length);
    const length = this.#header(CLOSE);
    this.#buffer[this.#end++] = STATEMENT;
    this.#cstring(name);
    this.#finish(length);
  }

  #bind(name: string, values: readonly Encoded[]): void {
    this.#reserve(16 + name.length + 2 * values.length + BIND_END.length);
    const length = this.#header(BIND);
    this.#buffer[this.#end++] = 0;
    this.#cstring(name);
    this.#formats(values);
    this.#int16(values.length);
    for (const value of values) this.#value(value);
    this.#reserve(BIND_END.length);
    this.#finish(length, 2);
    this.#buffer.set(BIND_END, this.#end);
    this.#end += BIND_END.length;
  }

  /** Bytes go as they are, everything else as text. */
  #formats(values: readonly Encoded[]): void {
    const bytes = values.some(isBytes);
    this.#int16(bytes ? values.length : 0);
    if (bytes) for (const value of values) this.#int16(isBytes(value) ? 1 : 0);
  }

  #value(value: Encoded): void {
    if (value === null) {
      this.#reserve(4);
      this.#int32(-1);
    } else if (typeof value === "string") {
      // A character of UTF-16 takes three bytes at most; long text is measured, not guessed.
      this.#reserve(4 + (value.length <= SLAB_BYTES / 16 ? 3 * value.length : Buffer.byteLength(value)));
      const at = this.#end;
      this.#end += 4;
      this.#text(value);
      this.#buffer.writeInt32BE(this.#end - at - 4, at);
    } else {
      this.#reserve(4 + value.length);
      this.#int32(value.length);
      this.#buffer.set(value, this.#end);
      this.#end += value.length;
    }
  }

  /** Short ASCII is written faster here than by crossing into C++. */
  #text(value: string): void {
    const buffer = this.#buffer;
    let end = this.#end;
    if (value.length <= 24) {
      let index = 0;
      for (; index < value.length; index += 1) {
        const code = value.charCodeAt(index);
        if (code > 127) break;
        buffer[end++] = code;
      }
      if (index === value.length) {
        this.#end = end;
        return;
      }
    }
    this.#end += buffer.write(value, this.#end, "utf8");
  }

  #cstring(value: string): void {
    this.#text(value);
    this.#buffer[this.#end++] = 0;
  }

  #int16(value: number): void {
    this.#end = this.#buffer.writeInt16BE(value, this.#end);
  }

  #int32(value: number): void {
    this.#end = this.#buffer.writeInt32BE(value, this.#end);
  }

  /** Where the message's length goes once it is known, counted from the start of the buffer's unsent part, which may move. */
  #header(type: number): number {
    this.#buffer[this.#end] = type;
    this.#end += 5;
    return this.#end - 4 - this.#start;
  }

  #finish(length: number, more = 0): void {
    const at = this.#start + length;
    this.#buffer.writeInt32BE(this.#end - at + more, at);
  }

  /** Makes room. The sent part of a buffer is never written again: the socket may still be reading it. */
  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#buffer.length) return;
    const unsent = this.#end - this.#start;
    const buffer = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, unsent + bytes));
    this.#buffer.copy(buffer, 0, this.#start, this.#end);
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = unsent;
  }

  #flush(): void {
    const { stream } = this.#connection;
    const { writable } = stream;
    // To a dead stream nothing is sent: the driver fails the calls itself.
    if (writable && this.#end > this.#start) stream.write(this.#buffer.subarray(this.#start, this.#end));
    this.#start = this.#end;
    // One large call is no reason to keep so much.
    if (this.#buffer.length > SLAB_BYTES) {
      this.#buffer = EMPTY;
      this.#start = this.#end = 0;
    }
  }
}

function isBytes(value: Encoded): value is Uint8Array {
  return value !== null && typeof value !== "string";
}
