-- One operation on one key. KEYS[1] is the key, ARGV[1] the operation, ARGV[2] the time in milliseconds or '' for that of
-- the server. Whatever has expired is treated as if it were not there. The transitions are those of KeyRecord.
local key = KEYS[1]
local operation = ARGV[1]
local now = tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local NONE, INTERRUPTED, ABANDONED, UNKNOWN = 0, 1, 2, 3

local function whole(number)
  return string.format('%.0f', number)
end

local row = redis.call('HMGET', key, 'state', 'owner', 'token', 'attempts', 'prior', 'begun', 'leaseUntil', 'expiresAt',
  'fingerprint', 'outcome')
local state, owner, token, attempts = row[1], row[2], tonumber(row[3] or '0'), tonumber(row[4] or '0')
local prior, begun = tonumber(row[5] or '0'), tonumber(row[6] or '0')
local leaseUntil, expiresAt = tonumber(row[7] or '0'), tonumber(row[8] or '0')
local fingerprint, outcome = row[9], row[10]
if state and expiresAt < now then
  state = false
  attempts = 0
end

-- The server forgets by itself, a little later than the row does.
-- Also the first write of all that is for the owner of the claim: a server without memory refuses to set a field, but not
-- this, and once a script has written everything is let through.
local function lives(until_, ...)
  redis.call('PEXPIRE', key, whole(until_ - now + 1000))
  redis.call('HSET', key, 'expiresAt', whole(until_), ...)
end

local function extend(leaseFor, timeToLive)
  leaseUntil = math.max(leaseUntil, now + leaseFor)
  expiresAt = math.max(expiresAt, leaseUntil + timeToLive)
  lives(expiresAt, 'leaseUntil', whole(leaseUntil))
end

local function acquired()
  return {'acquired', whole(token), whole(attempts), whole(prior), whole(begun)}
end

if operation == 'claim' then
  local newOwner, leaseFor, timeToLive = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
  local newFingerprint, reopens = ARGV[6], ARGV[7] == '1'
  if not state then
    prior, begun = NONE, now
  else
    -- After a release the payload may be corrected, unless an earlier run may have been done.
    local bound = state ~= 'R' or prior ~= NONE
    if bound and fingerprint and newFingerprint ~= '' and fingerprint ~= newFingerprint
        and string.sub(fingerprint, 1, 4) == string.sub(newFingerprint, 1, 4) then
      return {'conflict'}
    end
    if state == 'C' then
      if owner == newOwner then
        extend(leaseFor, timeToLive)
        return acquired()
      elseif leaseUntil >= now then
        return {'busy', whole(leaseUntil - now)}
      elseif prior == UNKNOWN and not reopens then
        return {'completed', 'U'}
      elseif prior ~= UNKNOWN then
        prior = ABANDONED
      end
    elseif state == 'U' and reopens then
      prior = UNKNOWN
    elseif state ~= 'R' then
      if outcome then
        return {'completed', state, outcome}
      end
      return {'completed', state}
    end
  end
  token = math.max(token + 1, now)
  attempts = attempts + 1
  leaseUntil = now + leaseFor
  -- First of all what a server without memory refuses: a new claim is only given where there is room.
  expiresAt = leaseUntil + timeToLive
  redis.call('HSET', key, 'state', 'C', 'owner', newOwner, 'token', whole(token), 'attempts', whole(attempts),
    'prior', whole(prior), 'begun', whole(begun), 'leaseUntil', whole(leaseUntil), 'expiresAt', whole(expiresAt))
  if fingerprint or outcome then
    redis.call('HDEL', key, 'fingerprint', 'outcome')
  end
  if newFingerprint ~= '' then
    redis.call('HSET', key, 'fingerprint', newFingerprint)
  end
  redis.call('PEXPIRE', key, whole(expiresAt - now + 1000))
  return acquired()
end

if operation == 'withdraw' then
  if state == 'C' and owner == ARGV[3] then
    lives(now + tonumber(ARGV[4]))
    redis.call('HSET', key, 'state', prior == UNKNOWN and 'U' or 'R', 'attempts', whole(attempts - 1))
  end
  return {'done'}
end

if operation == 'reset' then
  if state == 'R' or state == 'U' then
    lives(expiresAt)
    redis.call('HSET', key, 'attempts', '0')
  end
  return {'done'}
end

if operation == 'find' then
  if not state then
    return {'absent'}
  end
  local found = {'found', whole(now), state, owner, whole(token), whole(attempts), whole(prior), whole(begun),
    whole(leaseUntil), whole(expiresAt), fingerprint or '', whole(string.len(outcome or ''))}
  if outcome and ARGV[3] == '1' then
    found[#found + 1] = outcome
  end
  return found
end

-- Writes another record in place of the one that was read, if that is still the same. What it is KeyRecord has decided.
if operation == 'replace' then
  if state ~= ARGV[3] or whole(token) ~= ARGV[4] or whole(attempts) ~= ARGV[5] or whole(leaseUntil) ~= ARGV[6]
      or whole(expiresAt) ~= ARGV[7] then
    return {'changed'}
  end
  if not ARGV[8] then
    redis.call('DEL', key)
    return {'done'}
  end
  lives(tonumber(ARGV[14]))
  redis.call('HSET', key, 'state', ARGV[8], 'owner', ARGV[9], 'token', ARGV[10], 'attempts', ARGV[11], 'prior', ARGV[12],
    'leaseUntil', ARGV[13])
  redis.call('HDEL', key, 'outcome')
  if ARGV[15] then
    redis.call('HSET', key, 'outcome', ARGV[15])
  end
  return {'done'}
end

-- Everything else is for the owner of the claim.
if not state or owner ~= ARGV[3] or whole(token) ~= ARGV[4] then
  return {'lost'}
end

if operation == 'inspect' then
  if state == 'C' then
    return {'held'}
  elseif state == 'R' then
    return {'lost'}
  elseif outcome then
    return {'completed', state, outcome}
  end
  return {'completed', state}
end

if operation == 'renew' then
  if state ~= 'C' then
    return {'lost'}
  end
  extend(tonumber(ARGV[5]), tonumber(ARGV[6]))
  return {'done'}
end

if operation == 'release' then
  local uncounted, mayBeDone, leavesUnknown = tonumber(ARGV[6]), ARGV[7] == '1', ARGV[8] == '1'
  local unknownAgain = leavesUnknown and prior == UNKNOWN
  local newState = unknownAgain and 'U' or 'R'
  if state == 'C' then
    lives(now + tonumber(ARGV[5]))
    if prior == UNKNOWN and not leavesUnknown then
      prior = ABANDONED
    elseif prior == NONE and mayBeDone then
      prior = INTERRUPTED
    end
    redis.call('HSET', key, 'state', newState, 'attempts', whole(attempts - uncounted), 'prior', whole(prior))
  elseif state ~= newState then
    return {'lost'}
  end
  return {'done'}
end

if operation == 'complete' then
  local newState, timeToLive, newOutcome = ARGV[5], tonumber(ARGV[6]), ARGV[7] or false
  if state == 'C' then
    if newOutcome then
      lives(now + timeToLive, 'state', newState, 'outcome', newOutcome)
    else
      lives(now + timeToLive, 'state', newState)
    end
  elseif state ~= newState or outcome ~= newOutcome then
    return {'lost'}
  end
  return {'done'}
end

return redis.error_reply('there is no operation ' .. operation)
