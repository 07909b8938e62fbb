import HTTPTypes
import Observability
import Primitives
import Testing

@testable import API

struct PlumbingRateTests {
    private let start = Timestamp(milliseconds: 1_795_176_000_000)

    @Test func `never more than the burst and the rate allow, in any span`() {
        let seed: UInt64 = 42
        print("seed \(seed)")
        let random = RandomSource.seeded(seed)
        for policy in [
            RatePolicy("a", quota: 50, burst: 100), RatePolicy("b", quota: 10),
            RatePolicy("c", quota: 15_000, burst: 3),
            RatePolicy("d", quota: 5, windowSeconds: 60), RatePolicy("e", quota: 1, windowSeconds: 86_400, burst: 2),
        ] {
            let rule = GCRA(policy)
            var arrival: Int64?
            var allowed: [Int64] = []
            var now = start
            for _ in 0..<3000 {
                now = now.adding(milliseconds: Int64(random.uint64() % 40))
                let decision = rule.decide(arrivalNanoseconds: arrival, at: now)
                arrival = decision.arrivalNanoseconds
                if decision.allowed { allowed.append(now.milliseconds) }
                #expect(decision.allowed == (decision.retryAfterSeconds == 0))
                #expect(decision.remaining >= 0 && decision.remaining < max(policy.burst, 1))
            }
            let rate = Double(policy.quota) / Double(policy.windowSeconds)
            for (first, begin) in allowed.enumerated() where first % 37 == 0 {
                for last in stride(from: first, to: allowed.count, by: 11) {
                    let span = Double(allowed[last] - begin) / 1000
                    // Whole nanoseconds per request round the rate up by a hair.
                    #expect(Double(last - first + 1) <= Double(policy.burst) + rate * span * 1.0001 + 1e-6)
                }
            }
        }
    }

    @Test func `a full bucket comes back after a pause`() {
        let rule = GCRA(RatePolicy("a", quota: 10, burst: 5))
        var arrival: Int64?
        for left in stride(from: 4, through: 0, by: -1) {
            let decision = rule.decide(arrivalNanoseconds: arrival, at: start)
            #expect(decision.allowed && decision.remaining == left)
            arrival = decision.arrivalNanoseconds
        }
        let refused = rule.decide(arrivalNanoseconds: arrival, at: start)
        #expect(!refused.allowed && refused.retryAfterSeconds == 1 && refused.resetSeconds == 1)
        #expect(rule.decide(arrivalNanoseconds: arrival, at: start.adding(milliseconds: 99)).allowed == false)
        #expect(rule.decide(arrivalNanoseconds: arrival, at: start.adding(milliseconds: 100)).allowed)
        #expect(rule.decide(arrivalNanoseconds: arrival, at: start.adding(seconds: 10)).remaining == 4)
    }

    @Test func `refused requests do not push the wait further away`() {
        let rule = GCRA(RatePolicy("a", quota: 1, burst: 1))
        var arrival = rule.decide(arrivalNanoseconds: nil, at: start).arrivalNanoseconds
        for _ in 0..<1000 { arrival = rule.decide(arrivalNanoseconds: arrival, at: start).arrivalNanoseconds }
        #expect(rule.decide(arrivalNanoseconds: arrival, at: start.adding(seconds: 1)).allowed)
    }

    @Test func `extreme policies and clocks do not overflow`() {
        for policy in [
            RatePolicy("a", quota: 1, windowSeconds: 86_400, burst: 1_000_000_000),
            RatePolicy("b", quota: 1_000_000_000, burst: 1_000_000_000),
        ] {
            for time in [Int64.min, -1, 0, Int64.max] {
                let decision = GCRA(policy).decide(arrivalNanoseconds: nil, at: Timestamp(milliseconds: time))
                #expect(decision.allowed)
            }
        }
    }

    @Test func `a limited caller is told when to come back`() async throws {
        let limits = RateLimits(perPrincipal: RatePolicy("default", quota: 50, burst: 2), perAddress: nil)
        let server = Server(limits: limits)
        let first = try await server.send(.get, "/v1/things")
        #expect(first.header("RateLimit-Policy") == #""default";q=50;w=1"#)
        #expect(first.header("RateLimit") == #""default";r=1;t=1"#)
        _ = try await server.send(.get, "/v1/things")
        let refused = try await server.send(.get, "/v1/things")
        #expect(refused.status == 429)
        #expect(refused.code == "quota_exceeded")
        #expect(refused.header("Retry-After") == "1")
        #expect(refused.json?["type"]?.string == "https://iana.org/assignments/http-problem-types#quota-exceeded")
        #expect(refused.json?["violated-policies"] == ["default"])
        #expect(try await server.send(.get, "/v1/things", key: "admin").status == 200)
        for _ in 0..<10 { #expect(try await server.send(.get, "/v1/things", key: "bench").status == 200) }
        server.clock.advance(seconds: 1)
        #expect(try await server.send(.get, "/v1/things").status == 200)
        #expect(server.registry.text().contains(#"coffer_rate_limited_total{policy="default"} 1"#))
    }

    @Test func `a rate class counts per tenant besides the caller's own limit`() async throws {
        let limits = RateLimits(
            perPrincipal: RatePolicy("default", quota: 50), perAddress: nil,
            perClass: ["withdrawals": RatePolicy("withdrawals", quota: 10, burst: 1)])
        let server = Server(limits: limits)
        let body = PlumbingRefusalTests.good
        let headers = [("Idempotency-Key", "k")]
        let first = try await server.send(.post, "/v1/things", key: "writer", headers: headers, body: body)
        #expect(first.status == 201)
        #expect(first.header("RateLimit") == #""default";r=49;t=1, "withdrawals";r=0;t=1"#)
        let second = try await server.send(.post, "/v1/things", key: "admin", headers: headers, body: body)
        #expect(second.json?["violated-policies"] == ["withdrawals"])
    }

    @Test func `guessing credentials is limited by address, and success is not`() async throws {
        let limits = RateLimits(perPrincipal: nil, perAddress: RatePolicy("address", quota: 1, burst: 3))
        let server = Server(limits: limits)
        for _ in 0..<10 { #expect(try await server.send(.get, "/v1/things").status == 200) }
        for _ in 0..<3 { #expect(try await server.send(.get, "/v1/things", key: "guess").status == 401) }
        #expect(try await server.send(.get, "/v1/things", key: "guess").status == 429)
        #expect(try await server.send(.get, "/none", key: nil).status == 429)
        #expect(try await server.send(.get, "/v1/things", key: "guess", from: "192.0.2.2").status == 401)
        #expect(try await server.send(.get, "/v1/things").status == 200)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2"), ("2001:db8::1", "2001:db8:0:0"),
        ("::1", "0:0:0:0"), ("::ffff:192.0.2.7", "192.0.2.7"), ("fe80::1%eth0", "fe80:0:0:0"),
    ])
    func `an IPv6 customer is one address`(address: String, bucket: String) {
        #expect(APIContext.bucket(ofAddress: address) == bucket)
    }

    @Test func `a proxy's header counts only when it is trusted`() async throws {
        let limits = RateLimits(perPrincipal: nil, perAddress: RatePolicy("address", quota: 1, burst: 1))
        let plain = Server(limits: limits)
        #expect(
            try await plain.send(.get, "/open", key: nil, headers: [("X-Forwarded-For", "203.0.113.1")]).status == 204)
        #expect(
            try await plain.send(.get, "/open", key: nil, headers: [("X-Forwarded-For", "203.0.113.2")]).status == 429)
        let trusting = Server(limits: limits, configure: { $0.trustsForwardedFor = true })
        #expect(
            try await trusting.send(.get, "/open", key: nil, headers: [("X-Forwarded-For", "1.1.1.1, 203.0.113.1")])
                .status == 204)
        #expect(
            try await trusting.send(.get, "/open", key: nil, headers: [("X-Forwarded-For", "1.1.1.1, 203.0.113.2")])
                .status == 204)
    }

    @Test func `many keys cannot fill the memory`() {
        let limiter = RateLimiter()
        let policy = RatePolicy("a", quota: 1, windowSeconds: 60, burst: 1)
        var allowed = 0
        for index in 0..<100_000 where limiter.take("address \(index)", policy, at: start).allowed { allowed += 1 }
        #expect(limiter.count <= 64 * 1025)
        #expect(allowed < 70_000)
        #expect(limiter.take("later", policy, at: start.adding(seconds: 3600)).allowed)
    }

    @Test func `load is shed by class, reads of one resource last`() async throws {
        let server = Server(shedding: LoadShedding { loadClass, _ in loadClass < .work ? 2 : nil })
        let listing = try await server.send(.get, "/v1/things")
        #expect(listing.status == 503)
        #expect(listing.code == "overloaded")
        #expect(listing.header("Retry-After") == "2")
        #expect(try await server.send(.get, "/v1/things/a").status == 200)
        #expect(server.registry.text().contains(#"coffer_http_shed_total{class="listing"} 1"#))
        let rule = LoadShedding.inFlight(max: 100)
        #expect(
            rule.retryAfterSeconds(.listing, inFlight: 51) != nil
                && rule.retryAfterSeconds(.pairing, inFlight: 51) == nil)
        #expect(
            rule.retryAfterSeconds(.work, inFlight: 101) != nil
                && rule.retryAfterSeconds(.essential, inFlight: 9999) == nil)
    }

    @Test func `requests are counted and timed, also when they fail`() async throws {
        let server = Server()
        for target in ["/v1/things/a", "/v1/things/b", "/fails", "/nowhere"] { _ = try await server.send(.get, target) }
        let text = server.registry.text()
        #expect(text.contains(#"coffer_http_requests_total{method="GET",route="/v1/things/{id}",status="200"} 2"#))
        #expect(text.contains(#"coffer_http_requests_total{method="GET",route="/fails",status="500"} 1"#))
        #expect(text.contains(#"coffer_http_requests_total{method="any",route="unmatched",status="404"} 1"#))
        #expect(text.contains(#"coffer_http_request_duration_seconds_count{method="GET",route="/fails"} 1"#))
        #expect(text.contains("coffer_http_requests_in_flight 0"))
        #expect(!text.contains("/v1/things/a"))
    }
}
