#if Redis
    /// What happens inside the server, each script at once and undisturbed by others.
    ///
    /// Redis does not undo a script that fails in the middle, so that ``apply`` reads everything that could refuse a
    /// write — types of keys, preconditions — before its first write. Memory and disk refuse the first write or none.
    struct RedisScript: Sendable {
        let name: String
        let text: String

        /// All changes, or none.
        ///
        /// KEYS: the expiry index; for each change its record and its collection's index.
        /// ARGV for each change: `put` or `delete`; the precondition (nothing, `absent`, or 8 bytes of a revision); the
        /// record's key; 8 bytes of expiry or nothing; the value.
        /// Returns 0, or the number of the change whose precondition does not hold and the revision that is there.
        static let apply = RedisScript(
            name: "apply",
            text: #"""
                local expiries = KEYS[1]
                redis.call('ZCARD', expiries)
                local plan, order, typed = {}, {}, {}
                local function following(revision)
                  for i = 8, 1, -1 do
                    local byte = revision:byte(i)
                    if byte < 255 then
                      return revision:sub(1, i - 1) .. string.char(byte + 1) .. string.rep('\0', 8 - i)
                    end
                  end
                  return revision
                end
                for i = 1, (#KEYS - 1) / 2 do
                  local record, index, at = KEYS[2 * i], KEYS[2 * i + 1], 5 * (i - 1)
                  local wanted = ARGV[at + 2]
                  local entry = plan[record]
                  if not entry then
                    local head = redis.call('GETRANGE', record, 0, 16)
                    if #head ~= 0 and #head ~= 17 then return redis.error_reply('CORRUPT head') end
                    if not typed[index] then
                      redis.call('ZCARD', index)
                      typed[index] = true
                    end
                    entry = {head = head, revision = head:sub(2, 9), index = index, member = ARGV[at + 3]}
                    plan[record] = entry
                    order[#order + 1] = record
                  end
                  if (wanted == 'absent' and entry.revision ~= '') or (#wanted == 8 and entry.revision ~= wanted) then
                    return {i, entry.revision}
                  end
                  if ARGV[at + 1] == 'put' then
                    entry.revision = entry.revision == '' and '\0\0\0\0\0\0\0\1' or following(entry.revision)
                    entry.expiry, entry.value = ARGV[at + 4], ARGV[at + 5]
                  else
                    entry.revision, entry.value = '', nil
                  end
                end
                for _, record in ipairs(order) do
                  local entry = plan[record]
                  local name = record:sub(#expiries + 2)
                  local before, after = nil, nil
                  if entry.head:byte(1) == 2 then before = entry.head:sub(10, 17) .. name end
                  if entry.value then
                    local head = '\1' .. entry.revision .. '\0\0\0\0\0\0\0\0'
                    if entry.expiry ~= '' then
                      head = '\2' .. entry.revision .. entry.expiry
                      after = entry.expiry .. name
                    end
                    redis.call('SET', record, head .. entry.value)
                    if entry.head == '' then redis.call('ZADD', entry.index, 0, entry.member) end
                  elseif entry.head ~= '' then
                    redis.call('DEL', record)
                    redis.call('ZREM', entry.index, entry.member)
                  end
                  if before and before ~= after then redis.call('ZREM', expiries, before) end
                  if after and after ~= before then redis.call('ZADD', expiries, 0, after) end
                end
                return 0
                """#)

        /// A page of a collection.
        ///
        /// KEYS: the collection's index. ARGV: what the names of its records begin with; where to begin; how many; bytes
        /// after which no more is added. Returns whether there may be more, then keys and values in turns.
        static let list = RedisScript(
            name: "list",
            text: #"""
                local limit = tonumber(ARGV[3])
                local members = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[2], '+', 'LIMIT', 0, limit)
                local found, bytes = {#members == limit and 1 or 0}, 0
                for i, member in ipairs(members) do
                  local value = redis.call('GET', ARGV[1] .. member)
                  if not value then return redis.error_reply('CORRUPT index') end
                  found[#found + 1] = member
                  found[#found + 1] = value
                  bytes = bytes + #value
                  if bytes >= tonumber(ARGV[4]) and i < #members then
                    found[1] = 1
                    break
                  end
                end
                return found
                """#)

        /// Removes what has expired.
        ///
        /// KEYS: the expiry index. ARGV: where to stop; how many; what all our keys begin with. Returns how many were
        /// removed and how many entries of the index were looked at.
        static let removeExpired = RedisScript(
            name: "removeExpired",
            text: #"""
                local members = redis.call('ZRANGEBYLEX', KEYS[1], '-', ARGV[1], 'LIMIT', 0, tonumber(ARGV[2]))
                local removed = 0
                for _, member in ipairs(members) do
                  local expiry, name = member:sub(1, 8), member:sub(9)
                  local head = redis.call('GETRANGE', ARGV[3] .. 'r:' .. name, 0, 16)
                  redis.call('ZREM', KEYS[1], member)
                  if head:byte(1) == 2 and head:sub(10, 17) == expiry then
                    local digits = name:match('^%d+')
                    local colon = #digits + 2 + tonumber(digits)
                    redis.call('DEL', ARGV[3] .. 'r:' .. name)
                    redis.call('ZREM', ARGV[3] .. 'c:' .. name:sub(#digits + 2, colon - 1), name:sub(colon + 1))
                    removed = removed + 1
                  end
                end
                return {removed, #members}
                """#)

        static let all = [apply, list, removeExpired]
    }
#endif
