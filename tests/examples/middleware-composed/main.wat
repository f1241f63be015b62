(component
  (core module $m (func (export "handle") (param i32) (result i32) local.get 0))
  (core instance $i (instantiate $m))
  (func $handle (param "request" u32) (result u32) (canon lift (core func $i "handle")))
  (instance $handler (export "handle" (func $handle)))
  (export "wasi:http/handler@0.3.0" (instance $handler)))
