import lua51 from 'wasmoon-lua5.1';
import { RedisError } from './keyspace.ts';
import { encodeReply, type Reply, readReply } from './resp.ts';

/**
 * What Redis puts around a script (Lua 5.1): `redis.call` and its relatives, `cjson`, and the translation of values
 * both ways (https://redis.io/docs/latest/develop/interact/programmability/lua-api/). Values cross to JavaScript as
 * text alone, so that neither side guesses at the other's types.
 */
const PRELUDE = `
redis = { LOG_DEBUG = 0, LOG_VERBOSE = 1, LOG_NOTICE = 2, LOG_WARNING = 3 }

local function packed(values)
  local out = {}
  for i = 1, #values do
    local value = values[i]
    local kind = type(value)
    if kind == 'number' then value = string.format('%.17g', value)
    elseif kind ~= 'string' then error('Lua redis lib command arguments must be strings or integers') end
    out[#out + 1] = #value .. ':' .. value
  end
  return table.concat(out)
end

local function unpacked(text)
  local out, at = {}, 1
  while at <= #text do
    local colon = string.find(text, ':', at, true)
    local length = tonumber(string.sub(text, at, colon - 1))
    out[#out + 1] = string.sub(text, colon + 1, colon + length)
    at = colon + length + 1
  end
  return out
end

local function decoded(text, at)
  local stop = string.find(text, '\\r\\n', at, true)
  local kind, line, next = string.sub(text, at, at), string.sub(text, at + 1, stop - 1), stop + 2
  if kind == ':' then return tonumber(line), next end
  if kind == '+' then return { ok = line }, next end
  if kind == '-' then return { err = line }, next end
  local count = tonumber(line)
  if count < 0 then return false, next end
  if kind == '$' then return string.sub(text, next, next + count - 1), next + count + 2 end
  local out = {}
  for i = 1, count do out[i], next = decoded(text, next) end
  return out, next
end

local function encoded(value)
  local kind = type(value)
  if kind == 'number' then
    local whole = value < 0 and math.ceil(value) or math.floor(value)
    return ':' .. string.format('%.0f', whole) .. '\\r\\n'
  end
  if kind == 'string' then return '$' .. #value .. '\\r\\n' .. value .. '\\r\\n' end
  if kind == 'boolean' then return value and ':1\\r\\n' or '$-1\\r\\n' end
  if kind ~= 'table' then return '$-1\\r\\n' end
  if value.err then return '-' .. value.err .. '\\r\\n' end
  if value.ok then return '+' .. value.ok .. '\\r\\n' end
  local out, i = {}, 1
  while value[i] ~= nil do
    out[i] = encoded(value[i])
    i = i + 1
  end
  return '*' .. (i - 1) .. '\\r\\n' .. table.concat(out)
end

function redis.pcall(...)
  local reply = decoded(__execute(packed({ ... })), 1)
  return reply
end
function redis.call(...)
  local reply = redis.pcall(...)
  if type(reply) == 'table' and reply.err then error(reply.err, 0) end
  return reply
end
function redis.error_reply(text) return { err = string.find(text, ' ', 1, true) and text or 'ERR ' .. text } end
function redis.status_reply(text) return { ok = text } end
function redis.replicate_commands() return true end
function redis.sha1hex(text) return __sha1(text) end
function redis.log() end

cjson = { null = newproxy() }
function cjson.decode(text)
  local source = __luaOf(text)
  if source == '' then error('Expected value but found invalid token at character 1', 0) end
  return assert(loadstring('return ' .. source))()
end
local function quoted(text) return __quoted(text) end
function cjson.encode(value)
  local kind = type(value)
  if kind == 'string' then return quoted(value) end
  if kind == 'number' then return string.format('%.14g', value) end
  if kind == 'boolean' then return tostring(value) end
  if kind ~= 'table' then return 'null' end
  local out = {}
  if #value > 0 then
    for i = 1, #value do out[i] = cjson.encode(value[i]) end
    return '[' .. table.concat(out, ',') .. ']'
  end
  for name, item in pairs(value) do out[#out + 1] = quoted(tostring(name)) .. ':' .. cjson.encode(item) end
  return '{' .. table.concat(out, ',') .. '}'
end

local scripts = {}
function __load(digest, body) scripts[digest] = assert(loadstring(body, '@user_script')) end
function __run(digest, keys, args)
  KEYS, ARGV = unpacked(keys), unpacked(args)
  local ran, value = pcall(scripts[digest])
  if not ran then
    if type(value) == 'table' and value.err then return encoded(value) end
    return '-' .. string.gsub('ERR ' .. tostring(value), '^ERR (%u%u+ )', '%1') .. '\\r\\n'
  end
  return encoded(value)
end
`;

/** Runs scripts as Redis does: in a real Lua 5.1, commands executed by `execute`. */
export interface ScriptRunner {
  load(digest: string, body: string): void;
  run(digest: string, keys: readonly string[], args: readonly string[]): Reply;
}

type Text = (...texts: string[]) => string;

export async function createScriptRunner(execute: (args: string[]) => Reply): Promise<ScriptRunner> {
  const lua = await lua51.Lua.create({});
  const context = lua.ctx as Record<string, Text>;
  context.__execute = (text) => encodeReply(execute(unpack(text as string)));
  context.__luaOf = (text) => luaSourceOf(text as string);
  context.__quoted = (text) => JSON.stringify(text);
  lua.doStringSync(PRELUDE);
  const [load, run] = [context.__load as Text, context.__run as Text];
  return {
    load: (digest, body) => {
      load(digest, body);
    },
    run: (digest, keys, args) => {
      const text = run(digest, pack(keys), pack(args));
      const read = readReply(Buffer.from(text), 0);
      if (read === null) throw new RedisError('ERR the script returned nothing whole');
      return read[0];
    },
  };
}

const pack = (texts: readonly string[]) => texts.map((text) => `${Buffer.byteLength(text)}:${text}`).join('');

function unpack(packed: string): string[] {
  const bytes = Buffer.from(packed);
  const out: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const colon = bytes.indexOf(':', at);
    const length = Number(bytes.toString('utf8', at, colon));
    out.push(bytes.toString('utf8', colon + 1, colon + 1 + length));
    at = colon + 1 + length;
  }
  return out;
}

/** A JSON text as Lua source; empty for what is no JSON. */
function luaSourceOf(json: string): string {
  try {
    return sourceOf(JSON.parse(json));
  } catch {
    return '';
  }
}

function sourceOf(value: unknown): string {
  if (value === null) return 'cjson.null';
  if (typeof value === 'string') return luaQuoted(value);
  if (Array.isArray(value)) return `{${value.map(sourceOf).join(',')}}`;
  if (typeof value !== 'object') return String(value);
  return `{${Object.entries(value)
    .map(([name, item]) => `[${luaQuoted(name)}]=${sourceOf(item)}`)
    .join(',')}}`;
}

const luaQuoted = (text: string) =>
  `"${[...Buffer.from(text)].map((byte) => (byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`)).join('')}"`;
