-- One operation on one key. KEYS[1] is the key, ARGV[1] the operation, ARGV[2] the time in milliseconds or '' for that of
-- the server. Whatever has expired is treated as if it were not there.
local key = KEYS[1]
local operation = ARGV[1]
local now = tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function whole(number)
  return string.format('%.0f', number)
end

local row = redis.call('HMGET', key,
  'state', 'owner', 'token', 'attempts', 'takenOver', 'leaseUntil', 'expiresAt', 'fingerprint', 'outcome')
local state, owner, token, attempts = row[1], row[2], tonumber(row[3] or '0'), tonumber(row[4] or '0')
local takenOver, leaseUntil, expiresAt = row[5], tonumber(row[6] or '0'), tonumber(row[7] or '0')
local fingerprint, outcome = row[8], row[9]
if state and expiresAt < now then
  state = false
  attempts = 0
end

-- The server forgets by itself, a little later than the row does.
-- Also the first write of all that is for who holds the claim: a server without memory refuses to set a field, but not this,
-- and once a script has written everything is let through.
local function lives(until_)
  redis.call('PEXPIRE', key, whole(until_ - now + 1000))
  redis.call('HSET', key, 'expiresAt', whole(until_))
end

local function extend(leaseFor, timeToLive)
  leaseUntil = math.max(leaseUntil, now + leaseFor)
  lives(leaseUntil + timeToLive)
  redis.call('HSET', key, 'leaseUntil', whole(leaseUntil))
end

if operation == 'claim' then
  local newOwner, leaseFor, timeToLive = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
  local newFingerprint, reopens = ARGV[6], ARGV[7] == '1'
  local taken = false
  if state and state ~= 'R' then
    if fingerprint and newFingerprint ~= '' and fingerprint ~= newFingerprint
        and string.sub(fingerprint, 1, 4) == string.sub(newFingerprint, 1, 4) then
      return {'conflict'}
    end
    if state == 'C' then
      if owner == newOwner then
        extend(leaseFor, timeToLive)
        return {'acquired', whole(token), whole(attempts), takenOver}
      end
      if leaseUntil >= now then
        return {'busy', whole(leaseUntil - now)}
      end
      taken = true
    elseif state == 'U' and reopens then
      taken = true
    elseif outcome then
      return {'completed', state, outcome}
    else
      return {'completed', state}
    end
  end
  token = math.max(token + 1, now)
  attempts = attempts + 1
  leaseUntil = now + leaseFor
  -- First of all what a server without memory refuses: a new claim is for those that have room.
  redis.call('HSET', key, 'state', 'C', 'owner', newOwner, 'token', whole(token), 'attempts', whole(attempts),
    'takenOver', taken and '1' or '0', 'leaseUntil', whole(leaseUntil))
  redis.call('HDEL', key, 'fingerprint', 'outcome')
  if newFingerprint ~= '' then
    redis.call('HSET', key, 'fingerprint', newFingerprint)
  end
  lives(leaseUntil + timeToLive)
  return {'acquired', whole(token), whole(attempts), taken and '1' or '0'}
end

-- Everything else is for who holds the claim.
if not state or owner ~= ARGV[3] or whole(token) ~= ARGV[4] then
  return {'lost'}
end

if operation == 'renew' then
  if state ~= 'C' then
    return {'lost'}
  end
  extend(tonumber(ARGV[5]), tonumber(ARGV[6]))
  return {'done'}
end

if operation == 'release' then
  if state == 'C' then
    lives(now + tonumber(ARGV[5]))
    redis.call('HSET', key, 'state', 'R')
  elseif state ~= 'R' then
    return {'lost'}
  end
  return {'done'}
end

if operation == 'complete' then
  local newState, timeToLive, newOutcome = ARGV[5], tonumber(ARGV[6]), ARGV[7] or false
  if state == 'C' then
    lives(now + timeToLive)
    redis.call('HSET', key, 'state', newState)
    if newOutcome then
      redis.call('HSET', key, 'outcome', newOutcome)
    end
  elseif state ~= newState or outcome ~= newOutcome then
    return {'lost'}
  end
  return {'done'}
end

return redis.error_reply('there is no operation ' .. operation)
