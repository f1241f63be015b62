//! Components in the text format, small enough to be read.

/// A component that answers `wasi:http/incoming-handler@0.2.0` with `body`, the
/// instructions of a core function whose parameters are the request (0) and where
/// the response goes (1).
///
/// In it are `$fields` (makes headers), `$response` (of headers), `$set` (sends)
/// and `$answer`, which sends status 200 without a body to parameter 1.
pub(crate) fn component(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
  (import "wasi:http/types@0.2.0" (instance $types
    (export "incoming-request" (type (sub resource)))
    (export "response-outparam" (type $outparam (sub resource)))
    (export "outgoing-response" (type $response (sub resource)))
    (export "fields" (type $fields (sub resource)))
    (type $text (option string)) (type $short (option u16)) (type $byte (option u8))
    (type $number (option u32)) (type $long (option u64))
    (type $dns (record (field "rcode" $text) (field "info-code" $short)))
    (export "DNS-error-payload" (type $dns-error (eq $dns)))
    (type $alert (record (field "alert-id" $byte) (field "alert-message" $text)))
    (export "TLS-alert-received-payload" (type $tls-alert (eq $alert)))
    (type $size (record (field "field-name" $text) (field "field-size" $number)))
    (export "field-size-payload" (type $field-size (eq $size)))
    (type $maybe-field-size (option $field-size))
    (type $code (variant
      (case "DNS-timeout") (case "DNS-error" $dns-error) (case "destination-not-found")
      (case "destination-unavailable") (case "destination-IP-prohibited")
      (case "destination-IP-unroutable") (case "connection-refused")
      (case "connection-terminated") (case "connection-timeout")
      (case "connection-read-timeout") (case "connection-write-timeout")
      (case "connection-limit-reached") (case "TLS-protocol-error")
      (case "TLS-certificate-error") (case "TLS-alert-received" $tls-alert)
      (case "HTTP-request-denied") (case "HTTP-request-length-required")
      (case "HTTP-request-body-size" $long) (case "HTTP-request-method-invalid")
      (case "HTTP-request-URI-invalid") (case "HTTP-request-URI-too-long")
      (case "HTTP-request-header-section-size" $number)
      (case "HTTP-request-header-size" $maybe-field-size)
      (case "HTTP-request-trailer-section-size" $number)
      (case "HTTP-request-trailer-size" $field-size) (case "HTTP-response-incomplete")
      (case "HTTP-response-header-section-size" $number)
      (case "HTTP-response-header-size" $field-size) (case "HTTP-response-body-size" $long)
      (case "HTTP-response-trailer-section-size" $number)
      (case "HTTP-response-trailer-size" $field-size)
      (case "HTTP-response-transfer-coding" $text)
      (case "HTTP-response-content-coding" $text) (case "HTTP-response-timeout")
      (case "HTTP-upgrade-failed") (case "HTTP-protocol-error") (case "loop-detected")
      (case "configuration-error") (case "internal-error" $text)))
    (export "error-code" (type $error-code (eq $code)))
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[constructor]outgoing-response"
      (func (param "headers" (own $fields)) (result (own $response))))
    (export "[static]response-outparam.set"
      (func (param "param" (own $outparam))
            (param "response" (result (own $response) (error $error-code)))))))
  (core module $memory-module (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $memory (instantiate $memory-module))
  (alias core export $memory "memory" (core memory $m))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $fields (canon lower (func $types "[constructor]fields")))
  (core func $response (canon lower (func $types "[constructor]outgoing-response")))
  (core func $set (canon lower (func $types "[static]response-outparam.set")
    (memory $m) (realloc $realloc)))
  (core module $module
    (import "h" "fields" (func $fields (result i32)))
    (import "h" "response" (func $response (param i32) (result i32)))
    (import "h" "set" (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
    (func $answer (param i32)
      (call $set (local.get 0) (i32.const 0) (call $response (call $fields))
        (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
    (func (export "handle") (param i32 i32) {body}))
  (core instance $instance (instantiate $module (with "h" (instance
    (export "fields" (func $fields)) (export "response" (func $response))
    (export "set" (func $set))))))
  (alias export $types "incoming-request" (type $request))
  (alias export $types "response-outparam" (type $out))
  (func $handle (param "request" (own $request)) (param "response-out" (own $out))
    (canon lift (core func $instance "handle")))
  (instance $handler (export "handle" (func $handle)))
  (export "wasi:http/incoming-handler@0.2.0" (instance $handler)))"#
    );
    wat::parse_str(text).unwrap()
}

/// Answers every request with an empty response.
pub(crate) fn answering() -> Vec<u8> {
    component("(call $answer (local.get 1))")
}

/// Traps before it answers.
pub(crate) fn trapping() -> Vec<u8> {
    component("unreachable")
}

/// Computes without end and never answers.
pub(crate) fn looping() -> Vec<u8> {
    component("(loop $again (br $again))")
}

/// Returns without an answer.
pub(crate) fn silent() -> Vec<u8> {
    component("nop")
}
