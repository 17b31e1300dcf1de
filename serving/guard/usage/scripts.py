"""What Redis does at once for all servers, in Lua: adds up what a key used, and decides whether it may begin more.

Each server writes its own sums of the day, which only grow: telling them again changes nothing, and what Redis has lost
is there again with the next exchange. Times are those of Redis, so that servers may disagree about them.

EXCHANGE   keys: sessions, came, day; arguments: server, lease in s, its sums of audio_s, uploads and upload_bytes, then
           its leases; returns the sums of all servers
BEGIN      the same up to its sums, then: lease, kind, bytes told, and the most sessions, connections, audio_s, uploads
           and upload_bytes ("" without a bound); returns the bound that is used up ("" for none), seconds to wait
"""

_SUMS = """
local sessions, came, day = KEYS[1], KEYS[2], KEYS[3]
local server, lease_s = ARGV[1], tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
for place, name in ipairs({'audio_s', 'uploads', 'upload_bytes'}) do
    local field, sum = name .. ' ' .. server, ARGV[2 + place]
    if tonumber(sum) > tonumber(redis.call('HGET', day, field) or '0') then redis.call('HSET', day, field, sum) end
end
local used = {audio_s = 0, uploads = 0, upload_bytes = 0}
local fields = redis.call('HGETALL', day)
for place = 1, #fields, 2 do
    local name = string.match(fields[place], '^%S+')
    used[name] = used[name] + tonumber(fields[place + 1])
end
redis.call('EXPIRE', day, 172800)
local function hold(lease)
    redis.call('ZADD', sessions, now + lease_s, lease)
    redis.call('EXPIRE', sessions, math.ceil(lease_s) + 1)
end
"""

EXCHANGE = f"""{_SUMS}
for place = 6, #ARGV do hold(ARGV[place]) end
return {{tostring(used.audio_s), tostring(used.uploads), tostring(used.upload_bytes)}}
"""

BEGIN = f"""{_SUMS}
local lease, kind, told = ARGV[6], ARGV[7], tonumber(ARGV[8])
local function most(place) return tonumber(ARGV[8 + place]) or math.huge end
redis.call('ZREMRANGEBYSCORE', came, '-inf', now - 60)
redis.call('ZREM', sessions, lease)
local is_again = redis.call('ZREM', came, lease) == 1  -- the answer to it was lost
if redis.call('ZCARD', came) >= most(2) then
    local first = redis.call('ZRANGE', came, -most(2), -most(2), 'WITHSCORES')
    return {{'connections_per_minute', tostring(first[2] + 60 - now)}}
end
redis.call('ZADD', came, now, lease)
redis.call('EXPIRE', came, 61)
redis.call('ZREMRANGEBYSCORE', sessions, '-inf', now)
if kind == 'live' and redis.call('ZCARD', sessions) >= most(1) then return {{'sessions', '5'}} end
if used.audio_s >= most(3) then return {{'audio_minutes_per_day', ''}} end
if kind == 'live' then
    hold(lease)
else
    if used.uploads >= most(4) then return {{'uploads_per_day', ''}} end
    if used.upload_bytes + math.max(1, told) > most(5) then return {{'upload_mb_per_day', ''}} end
    if not is_again then redis.call('HINCRBY', day, 'uploads ' .. server, 1) end
end
return {{'', ''}}
"""
