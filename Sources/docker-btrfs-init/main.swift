import Basics
print("hello")
