(component
  (import "by-url:lib/clock@1.0.0" (instance $clock (export "now" (func (result u32)))))
  (alias export $clock "now" (func $now))
  (instance $own (export "tell" (func $now)))
  (export "by-url:app/own" (instance $own)))
